import { compilePolicy, type Key, type Policy } from '../anonymizers/index.ts';
import {
  type BlobStore,
  type Catalog,
  type ChunkIndex,
  type Digest,
  type Manifest,
  manifestSchemaVersion,
  manifestTotals,
  type Progress,
  toolVersion,
} from '../core/index.ts';
import { bake } from './bake.ts';
import { createChunkMemory } from './chunk-memory.ts';
import type { SourceSession } from './extraction.ts';
import { prepareLeakScan } from './leak-scan/leak-scan.ts';
import { type ChunkSizes, chunkSizes } from './pack.ts';
import { createProgressMeter } from './progress.ts';
import { buildSource, type SourceData } from './source-data.ts';
import { surveySources } from './survey.ts';

export type BuildRequest = {
  readonly environment: string;
  readonly repository: string;
  readonly tag?: string;
  readonly policy: Policy;
  readonly key: Key;
  /** Opens the connections; nothing is read yet. In the environment's order. */
  readonly connect: readonly ((signal: AbortSignal) => Promise<SourceSession>)[];
};

export type BuildPorts = {
  readonly blobs: BlobStore;
  readonly index: ChunkIndex;
  readonly catalog: Catalog;
  readonly now: () => Date;
  readonly onProgress: (progress: Progress) => void;
  /** Only to measure what the leak scan costs: a build never goes without it. */
  readonly prepareLeakScan?: typeof prepareLeakScan;
  /** Only to measure what other sizes cost: they would give other digests. */
  readonly chunkSizes?: ChunkSizes;
};

/**
 * source → extract → anonymize → pack → store → bake → catalog. The whole way of a snapshot; nothing is visible before the last two lines.
 * @throws DynDataError of the sources, the policy, the storage; CANCELLED when `signal` is aborted.
 */
export async function build(request: BuildRequest, ports: BuildPorts, signal: AbortSignal): Promise<{ digest: Digest }> {
  const startedAt = ports.now();
  const meter = createProgressMeter(ports.onProgress);
  meter.step('connect');
  await using preparedScan = (ports.prepareLeakScan ?? prepareLeakScan)();
  await using sessions = await connectAll(request.connect, signal);

  const points = await Promise.all(sessions.open.map((session) => session.openPoint(signal)));
  meter.step('plan');
  const opened = await Promise.all(
    sessions.open.map(async (session, index) => ({
      session,
      point: points[index] as (typeof points)[number],
      description: await session.describe(signal),
    })),
  );
  const policy = compilePolicy({ policy: request.policy, key: request.key, sources: opened.map(({ description }) => description.live) });
  await surveySources(policy, sessions.open, signal);

  const leakScan = preparedScan.start(
    request.policy,
    policy,
    request.key,
    opened.map(({ description }) => description.live),
  );
  await allOrAbort(signal, (shared) => opened.map(({ session }) => leakScan.observe(session, shared)));

  for (const { session } of opened) {
    const extractions = session.extractions(policy);
    meter.expect(
      extractions.length,
      extractions.reduce((rows, { estimatedRows }) => rows + estimatedRows, 0),
    );
  }
  meter.step('extract');
  const memory = createChunkMemory((ports.chunkSizes ?? chunkSizes).maxBytes);
  const sources = await allOrAbort(signal, (shared) =>
    opened.map(({ session, point, description }) =>
      buildSource(session, { point, description }, policy, { ...ports, meter, leakScan, memory }, shared),
    ),
  );

  meter.step('bake');
  const manifest: Manifest = {
    schemaVersion: manifestSchemaVersion,
    tool: { name: 'dyn-data', version: toolVersion },
    environment: request.environment,
    policy: { digest: policy.policyDigest, ...(policy.exemptions.length > 0 ? { exemptions: [...policy.exemptions] } : {}) },
    key: { id: policy.keyId },
    leakScan: await leakScan.outcome(
      sources.map(({ leaks }) => leaks),
      sources.reduce((bytes, source) => bytes + writtenBytes(source), 0),
    ),
    sources: sources.map((source) => source.manifest),
  };
  const image = await bake(
    manifest,
    { data: sources.flatMap(({ data }) => data), schema: sources.flatMap(({ schema }) => schema) },
    ports.blobs,
    signal,
  );

  meter.step('publish');
  const times = sources.map(({ point }) => point.at.getTime());
  await ports.catalog.putManifest(request.repository, image, signal);
  await ports.catalog.putSnapshot(
    {
      version: 1,
      repository: request.repository,
      digest: image.digest,
      environment: request.environment,
      manifestDigest: image.manifestDigest,
      sizeBytes: image.sizeBytes,
      rows: manifestTotals(manifest).rows,
      sources: manifest.sources.map(({ name, kind, tables, consistency }) => ({
        name,
        kind,
        tables: tables.length,
        rows: tables.reduce((rows, table) => rows + table.rows, 0),
        consistent: consistency.consistent,
      })),
      provenance: {
        takenAt: startedAt.toISOString(),
        durationMs: ports.now().getTime() - startedAt.getTime(),
        skewMs: Math.max(...times) - Math.min(...times),
        sources: sources.map(({ manifest: { name }, point, retries }) => ({
          name,
          pointAt: point.at.toISOString(),
          position: point.position,
          lockedMs: point.lockedMs,
          retries,
        })),
      },
    },
    signal,
  );
  if (request.tag !== undefined) await ports.catalog.moveTag(request.repository, request.tag, image.digest, { signal });
  return { digest: image.digest };
}

function writtenBytes({ manifest, schema }: SourceData): number {
  const rows = manifest.tables.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  return schema.reduce((bytes, { content }) => bytes + content.sizeBytes, rows);
}

/** All sessions open, or none. */
export async function connectAll(
  connect: BuildRequest['connect'],
  signal: AbortSignal,
): Promise<AsyncDisposable & { open: SourceSession[] }> {
  const results = await Promise.allSettled(connect.map((open) => open(signal)));
  const open = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
  const sessions = {
    open,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(open.map((session) => session[Symbol.asyncDispose]()));
    },
  };
  const failure = results.find((result) => result.status === 'rejected');
  if (!failure) return sessions;
  await sessions[Symbol.asyncDispose]();
  throw failure.reason;
}

/** Like Promise.all, but a failure aborts the others and is thrown only when all have ended, so that no work outlives the build. */
async function allOrAbort<T>(signal: AbortSignal, start: (shared: AbortSignal) => Promise<T>[]): Promise<T[]> {
  const controller = new AbortController();
  let first: { readonly error: unknown } | undefined;
  const work = start(AbortSignal.any([signal, controller.signal])).map((promise) =>
    promise.catch((error: unknown) => {
      first ??= { error };
      controller.abort();
      throw error;
    }),
  );
  const results = await Promise.allSettled(work);
  if (first) throw first.error;
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}
