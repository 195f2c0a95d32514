import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseKey, parsePolicy } from '../../anonymizers/index.ts';
import { type BuildPorts, build } from '../../builder/build.ts';
import { connectMysql } from '../../builder/mysql/session.ts';
import { chunkCodec } from '../../builder/store.ts';
import type { ImageManifest } from '../../core/index.ts';
import { createBlobStore, createCatalog, createChunkIndex, createFolderObjects } from '../../storage/index.ts';
import { database, policy } from './large-database.ts';

export const repository = 'large';
export const tag = 'bench';

/** Builds a whole anonymized snapshot of the large database into `folder`, as the registry does. Gives the layers of its image. */
export async function snapshot(
  folder: string,
  server: { readonly port: number; readonly password: string },
  ports: Pick<BuildPorts, 'chunkSizes'> = {},
): Promise<ImageManifest['layers']> {
  const objects = await createFolderObjects({ folder, newId: randomUUID });
  const config = {
    kind: 'mysql' as const,
    host: '127.0.0.1',
    port: server.port,
    user: 'root',
    password: { env: 'unused' },
    databases: [database],
  };
  const catalog = createCatalog(objects, { clock: () => new Date() });
  const { digest } = await build(
    {
      environment: repository,
      repository,
      tag,
      policy: parsePolicy(policy, 'large.yaml'),
      key: parseKey('01'.repeat(32)),
      connect: [(signal) => connectMysql('mysql', config, server.password, signal)],
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
