import { connectPostgres } from '../../builder/postgres/session.ts';
import type { ImageManifest } from '../../core/index.ts';
import { pgDumpCommand } from '../../demo/sample-registry.ts';
import { buildSnapshot } from '../build-snapshot.ts';
import { database, policy } from './push-database.ts';
import { image, password } from './server.ts';

export const repository = 'push';
export const tag = 'bench';

/** Builds a whole anonymized snapshot of the push server's database into `folder`, as the registry does. Gives the layers of its image. */
export async function snapshot(folder: string, port: number): Promise<ImageManifest['layers']> {
  const config = {
    kind: 'postgres' as const,
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: { env: 'unused' },
    database,
    pgDump: pgDumpCommand(image),
  };
  return await buildSnapshot(folder, {
    repository,
    tag,
    policy,
    connect: (signal) => connectPostgres('push', config, password, process.env, signal),
  });
}
