import { buffer } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { type LiveSource, parseKey, parsePolicy } from '../../anonymizers/index.ts';
import { type BuildRequest, build } from '../../builder/build.ts';
import { chunkCodec } from '../../builder/store.ts';
import { type Digest, decodeManifest, type ImageManifest } from '../../core/index.ts';
import { createBlobStore, createCatalog, createChunkIndex, createMemoryObjects } from '../../storage/index.ts';
import type { DataImage } from './data-image.ts';

/** Builds a snapshot as a worker does, all in memory, and gives what a registry needs to serve it. */
export async function buildDataImage(policy: string, connect: BuildRequest['connect']): Promise<DataImage> {
  const objects = createMemoryObjects();
  const blobs = createBlobStore(objects);
  const catalog = createCatalog(objects, { clock: () => new Date() });
  const repository = 'round-trip';
  const { digest } = await build(
    { environment: 'test', repository, policy: parsePolicy(policy, 'round-trip.yaml'), key: parseKey('01'.repeat(32)), connect },
    { blobs, catalog, index: createChunkIndex(objects, chunkCodec), now: () => new Date(), onProgress: () => undefined },
    new AbortController().signal,
  );
  const read = async (blob: Digest): Promise<Uint8Array> => buffer((await blobs.read(blob)).bytes);
  const stored = await catalog.manifest(repository, digest);
  const record = await catalog.snapshot(repository, digest);
  if (!stored || !record) throw new Error('The build left no record.');
  const { config, layers }: ImageManifest = JSON.parse(Buffer.from(stored.bytes).toString());
  const digests = [config, ...layers].map((one) => one.digest);
  return {
    digest,
    manifest: decodeManifest(await read(record.manifestDigest)),
    imageManifest: stored.bytes,
    blobs: new Map(await Promise.all(digests.map(async (one) => [one, await read(one)] as const))),
  };
}

/** A policy that leaves every value as it is, with each column by its name: a policy that keeps whatever comes is refused. */
export function keepEverything(source: LiveSource, more: Readonly<Record<string, unknown>> = {}): string {
  if (source.kind === 'ldap') throw new Error('A directory has no tables.');
  const tables = Object.fromEntries(
    source.tables.map(({ schema, name, columns }) => [
      `${schema}.${name}`,
      { columns: Object.fromEntries(columns.map((column) => [column.name, 'keep'])) },
    ]),
  );
  const decided = { comments: 'keep', programs: { keep: ['*'] }, defaults: { keep: ['*'] }, tables };
  return stringify({ version: 1, sources: { [source.name]: decided }, ...more });
}
