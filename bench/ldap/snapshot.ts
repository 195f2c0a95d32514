import { randomUUID } from 'node:crypto';
import { parseKey, parsePolicy } from '../../anonymizers/index.ts';
import { build } from '../../builder/build.ts';
import { connectLdap } from '../../builder/ldap/session.ts';
import { chunkCodec } from '../../builder/store.ts';
import { createBlobStore, createCatalog, createChunkIndex, createFolderObjects } from '../../storage/index.ts';
import { base, policy } from './large-directory.ts';
import { bindDn, password } from './server.ts';

export const repository = 'large-directory';
export const tag = 'bench';

/** Builds a whole anonymized snapshot of the large directory into `folder`, as the registry does. Gives how many entries it has. */
export async function snapshot(folder: string, port: number): Promise<number> {
  const objects = await createFolderObjects({ folder, newId: randomUUID });
  const config = { kind: 'ldap' as const, url: `ldap://127.0.0.1:${port}`, bindDn, password: { env: 'unused' }, base };
  const catalog = createCatalog(objects, { clock: () => new Date() });
  const { digest } = await build(
    {
      environment: repository,
      repository,
      tag,
      policy: parsePolicy(policy, 'large-directory.yaml'),
      key: parseKey('01'.repeat(32)),
      connect: [(signal) => connectLdap('ldap', config, password, signal)],
    },
    {
      blobs: createBlobStore(objects),
      catalog,
      index: createChunkIndex(objects, chunkCodec),
      now: () => new Date(),
      onProgress: () => undefined,
    },
    new AbortController().signal,
  );
  return (await catalog.snapshot(repository, digest))?.rows ?? 0;
}
