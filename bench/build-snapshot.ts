import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseKey, parsePolicy } from '../anonymizers/index.ts';
import { type BuildPorts, type BuildRequest, build } from '../builder/build.ts';
import { chunkCodec } from '../builder/store.ts';
import type { ImageManifest } from '../core/index.ts';
import { createBlobStore, createCatalog, createChunkIndex, createFolderObjects } from '../storage/index.ts';

/** Builds a whole anonymized snapshot of one source into `folder`, as the registry does. Gives the layers of its image. */
export async function buildSnapshot(
  folder: string,
  snapshot: {
    readonly repository: string;
    readonly tag: string;
    readonly policy: string;
    readonly connect: BuildRequest['connect'][number];
    readonly ports?: Pick<BuildPorts, 'chunkSizes'>;
  },
): Promise<ImageManifest['layers']> {
  const { repository, tag, policy, connect, ports } = snapshot;
  const objects = await createFolderObjects({ folder, newId: randomUUID });
  const catalog = createCatalog(objects, { clock: () => new Date() });
  const { digest } = await build(
    {
      environment: repository,
      repository,
      tag,
      policy: parsePolicy(policy, `${repository}.yaml`),
      key: parseKey('01'.repeat(32)),
      connect: [connect],
    },
    {
      blobs: createBlobStore(objects),
      catalog,
      index: createChunkIndex(objects, chunkCodec),
      now: () => new Date(),
      onProgress: () => undefined,
      ...ports,
    },
    new AbortController().signal,
  );
  const manifest = await catalog.manifest(repository, digest);
  if (!manifest) throw new Error('the build left no image');
  return (JSON.parse(Buffer.from(manifest.bytes).toString()) as ImageManifest).layers;
}

/** A folder of its own for one run. */
export async function withFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(parent, 'run-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
