import { connectPostgres } from '../../builder/postgres/session.ts';
import type { ImageManifest } from '../../core/index.ts';
import { buildSnapshot } from '../build-snapshot.ts';
import type { Server } from '../servers.ts';
import { database, policy } from './push-database.ts';
import { password } from './server.ts';

export const repository = 'push';
export const tag = 'bench';

/** The server's own: starting a container for each of its four runs is not what is measured. */
const pgDumpOf = ({ name }: Server): string[] => {
  const variables = ['PGUSER', 'PGPASSWORD', 'PGDATABASE', 'PGOPTIONS'].flatMap((variable) => ['-e', variable]);
  return ['docker', 'exec', '-i', ...variables, '-e', 'PGHOST=127.0.0.1', name, 'pg_dump'];
};

/** Builds a whole anonymized snapshot of the push server's database into `folder`, as the registry does. Gives the layers of its image. */
export async function snapshot(folder: string, server: Server): Promise<ImageManifest['layers']> {
  const config = {
    kind: 'postgres' as const,
    ...server.address,
    user: 'postgres',
    password: { env: 'unused' },
    database,
    pgDump: pgDumpOf(server),
  };
  return await buildSnapshot(folder, {
    repository,
    tag,
    policy,
    connect: (signal) => connectPostgres('push', config, password, process.env, signal),
  });
}
