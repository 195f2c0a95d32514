import { buffer } from 'node:stream/consumers';
import { parseKey, type parsePolicy } from '../../anonymizers/index.ts';
import { type BuildRequest, build } from '../../builder/build.ts';
import { chunkCodec } from '../../builder/store.ts';
import { type Digest, decodeManifest, imageManifestSchema } from '../../core/index.ts';
import { createBlobStore, createCatalog, createChunkIndex, createMemoryObjects } from '../../storage/index.ts';
import type { DataImage } from './data-image.ts';

const repository = 'built';

/** Builds a snapshot by the builder itself, and holds its image in memory. */
export async function buildImage(policy: ReturnType<typeof parsePolicy>, connect: BuildRequest['connect']): Promise<DataImage> {
  const objects = createMemoryObjects();
  const store = createBlobStore(objects);
  const catalog = createCatalog(objects, { clock: () => new Date() });
  const { digest } = await build(
    { environment: 'test', repository, policy, key: parseKey('01'.repeat(32)), connect },
    { blobs: store, catalog, index: createChunkIndex(objects, chunkCodec), now: () => new Date(), onProgress: () => undefined },
    new AbortController().signal,
  );
  const record = await catalog.snapshot(repository, digest);
  const stored = await catalog.manifest(repository, digest);
  if (!record || !stored) throw new Error('The build left no image.');
  const read = async (blob: Digest): Promise<Uint8Array> => buffer((await store.read(blob)).bytes);
  const { config, layers } = imageManifestSchema.parse(JSON.parse(Buffer.from(stored.bytes).toString()));
  const blobs = new Map<Digest, Uint8Array>();
  for (const part of [config, ...layers]) blobs.set(part.digest, await read(part.digest));
  return { digest, manifest: decodeManifest(await read(record.manifestDigest)), imageManifest: stored.bytes, blobs };
}
