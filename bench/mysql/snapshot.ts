import type { BuildPorts } from '../../builder/build.ts';
import { connectMysql } from '../../builder/mysql/session.ts';
import type { ImageManifest } from '../../core/index.ts';
import type { Address } from '../../sample/connections.ts';
import { buildSnapshot } from '../build-snapshot.ts';
import { database, policy } from './large-database.ts';

export const repository = 'large';
export const tag = 'bench';

/** Builds a whole anonymized snapshot of the large database into `folder`, as the registry does. Gives the layers of its image. */
export async function snapshot(
  folder: string,
  server: Address & { readonly password: string },
  ports: Pick<BuildPorts, 'chunkSizes'> = {},
): Promise<ImageManifest['layers']> {
  const config = {
    kind: 'mysql' as const,
    host: server.host,
    port: server.port,
    user: 'root',
    password: { env: 'unused' },
    databases: [database],
  };
  return await buildSnapshot(folder, {
    repository,
    tag,
    policy,
    connect: (signal) => connectMysql('mysql', config, server.password, signal),
    ports,
  });
}
