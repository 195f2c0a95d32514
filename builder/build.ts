import { compilePolicy, type Key, type Policy, viewPlan } from '../anonymizers/index.ts';
import {
  type BlobStore,
  type Catalog,
  type ChunkIndex,
  type Digest,
  type Interruption,
  type JobHooks,
  type Manifest,
  manifestSchemaVersion,
  manifestTotals,
  type Progress,
  toolVersion,
} from '../core/index.ts';
import { allOrAbort } from './all-or-abort.ts';
import { bake } from './bake.ts';
import { createChunkMemory } from './chunk-memory.ts';
import type { SourceSession } from './extraction.ts';
import { type InterruptionLog, startingAgain, untilReached } from './interruptions.ts';
import { prepareLeakScan } from './leak-scan/leak-scan.ts';
import { nameSnapshot } from './name-snapshot.ts';
import { type ChunkSizes, chunkSizes } from './pack.ts';
import { createProgressMeter, type ProgressMeter } from './progress.ts';
import { recordedPlaces } from './recorded-places.ts';
import { buildSource, type SourceData } from './source-data.ts';
import { requireConsistent } from './strict.ts';
import { surveySources } from './survey.ts';

export type BuildRequest = {
  readonly environment: string;
  readonly repository: string;
  readonly tag?: string;
  /** A second name that is moved last, and only forwards. */
  readonly alias?: string;
  readonly policy: Policy;
  readonly key: Key;
  /** Nothing is published that is not whole of one point in time. */
  readonly strict?: boolean;
  /** Opens the connections; nothing is read yet. In the environment's order. */
  readonly connect: readonly ((signal: AbortSignal) => Promise<SourceSession>)[];
};

export type BuildPorts = {
  readonly blobs: BlobStore;
  readonly index: ChunkIndex;
  readonly catalog: Catalog;
  readonly now: () => Date;
  readonly onProgress: (progress: Progress) => void;
  readonly onEvent?: JobHooks['onEvent'];
  /** Asked before anything becomes visible; absent where nobody else could run the same build. */
  readonly confirm?: JobHooks['confirm'];
  /** Only to measure what the leak scan costs: a build never goes without it. */
  readonly prepareLeakScan?: typeof prepareLeakScan;
  /** Only to measure what other sizes cost: they would give other digests. */
  readonly chunkSizes?: ChunkSizes;
};

/**
 * The whole way of a snapshot. A source that is lost in the middle is read again, within its point in time or all of them from new ones.
 * @throws DynDataError of the sources, the policy, the storage; CANCELLED when `signal` is aborted.
 */
export async function build(request: BuildRequest, ports: BuildPorts, signal: AbortSignal): Promise<{ digest: Digest }> {
  const meter = createProgressMeter(ports.onProgress);
  const interrupted: Interruption[] = [];
  const interruptions: InterruptionLog = {
    add(interruption) {
      const added = { at: ports.now().toISOString(), ...interruption };
      interrupted.push(added);
      meter.interrupted(added);
    },
  };
  const startedAt = ports.now();
  return startingAgain(
    (restarts) => {
      if (restarts > 0) meter.startAgain();
      return buildOnce(request, { ...ports, meter, interruptions, interrupted, startedAt, isAgain: restarts > 0 }, signal);
    },
    { log: interruptions, signal },
  );
}

type Attempt = BuildPorts & {
  readonly meter: ProgressMeter;
  readonly interruptions: InterruptionLog;
  readonly interrupted: readonly Interruption[];
  readonly startedAt: Date;
  /** The sources were there before: if they are not now, they are waited for. */
  readonly isAgain: boolean;
};

/** source → extract → anonymize → pack → store → bake → catalog. Nothing is visible before the last two lines. */
async function buildOnce(request: BuildRequest, ports: Attempt, signal: AbortSignal): Promise<{ digest: Digest }> {
  const { meter, startedAt, interrupted } = ports;
  meter.step('connect');
  await using preparedScan = (ports.prepareLeakScan ?? prepareLeakScan)();
  const connect = (): ReturnType<typeof connectAll> => connectAll(request.connect, signal);
  await using sessions = await (ports.isAgain ? untilReached(connect, signal) : connect());

  const points = await Promise.all(sessions.open.map((session) => session.openPoint(signal)));
  if (request.strict)
    requireConsistent(
      sessions.open.map(({ name }, index) => ({ name, consistency: (points[index] as (typeof points)[number]).consistency })),
    );
  meter.step('plan');
  const opened = await Promise.all(
    sessions.open.map(async (session, index) => ({
      session,
      point: points[index] as (typeof points)[number],
      description: await session.describe(signal),
    })),
  );
  const live = opened.map(({ description }) => description.live);
  const policy = compilePolicy({ policy: request.policy, key: request.key, sources: live });

  const leakScan = preparedScan.start(request.policy, policy, request.key, live);
  await allOrAbort(signal, (shared) => {
    const surveys = surveySources(policy, sessions.open, shared);
    // Where both fail, what the surveys found is told, which is all that the policy lacks.
    const observe = (session: SourceSession): Promise<void> =>
      leakScan.observe(session, shared).catch(async (error: unknown) => {
        await surveys;
        throw error;
      });
    return [surveys, ...sessions.open.map(observe)];
  });
  policy.known?.complete();

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
      buildSource(session, { point, description }, policy, { ...ports, leakScan, memory }, shared),
    ),
  );

  if (request.strict) requireConsistent(sources.map((source) => source.manifest));
  meter.step('bake');
  const places = recordedPlaces(viewPlan(request.policy, live));
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
    sources: sources.map((source) => ({ ...source.manifest, places: places.get(source.manifest.name) ?? [] })),
  };
  const image = await bake(
    manifest,
    { data: sources.flatMap(({ data }) => data), schema: sources.flatMap(({ schema }) => schema) },
    ports.blobs,
    signal,
  );

  meter.step('publish');
  const times = sources.map(({ point }) => point.at.getTime());
  await ports.confirm?.();
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
        ...(interrupted.length > 0 ? { interruptions: [...interrupted] } : {}),
      },
    },
    signal,
  );
  await nameSnapshot(image.digest, startedAt, request, ports, signal);
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
