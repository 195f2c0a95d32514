import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { stringify } from 'yaml';
import type { SampleConnections } from '../sample/connections.ts';
import { projectFolder } from '../scripts/project-paths.ts';

/** The policy shipped for the sample system. */
export const samplePolicy = join(projectFolder, 'stack', 'policies', 'prod.yaml');

/** What the connection comes through, for `docker run` and `docker exec`. */
export const pgDumpVariables = ['PGHOST', 'PGPORT', 'PGUSER', 'PGPASSWORD', 'PGDATABASE', 'PGOPTIONS'].flatMap((name) => ['-e', name]);

/** pg_dump out of an image, on the host's network to reach the loopback ports. */
export function pgDumpCommand(postgresImage: string): string[] {
  return ['docker', 'run', '--rm', '-i', '--network', 'host', ...pgDumpVariables, '--entrypoint', 'pg_dump', postgresImage];
}

export type SampleRegistryOptions = {
  /** Gets registry.yaml, a folder `secrets` and, unless `storage` says otherwise, a folder `data`. */
  readonly folder: string;
  readonly connections: SampleConnections;
  /** See {@link pgDumpCommand}. */
  readonly pgDump: readonly string[];
  /** 0 for any free port. */
  readonly port: number;
  readonly policy?: string;
  readonly storage?: Readonly<Record<string, unknown>>;
};

/**
 * Writes what an operator writes: the registry's configuration for the environment `prod` of the sample system, its secrets in files of
 * their own (mode 0600) and, the first time, a new random anonymization key. Returns the path of the configuration.
 */
export async function writeSampleRegistry(options: SampleRegistryOptions): Promise<string> {
  const { folder, connections } = options;
  const secrets = join(folder, 'secrets');
  await mkdir(secrets, { recursive: true, mode: 0o700 });
  const secret = async (name: string, value: string): Promise<{ file: string }> => {
    await writeFile(join(secrets, name), `${value}\n`, { mode: 0o600 });
    return { file: `secrets/${name}` };
  };
  const key = { file: 'secrets/prod.key' };
  if (!existsSync(join(secrets, 'prod.key'))) await secret('prod.key', randomBytes(32).toString('hex'));

  const config = {
    version: 1,
    listen: { host: '127.0.0.1', port: options.port },
    storage: options.storage ?? { folder: 'data' },
    environments: {
      prod: {
        repository: 'dynamease',
        policy: relative(folder, options.policy ?? samplePolicy),
        key,
        sources: {
          mysql: {
            kind: 'mysql',
            host: connections.mysql.host,
            port: connections.mysql.port,
            user: connections.mysql.user,
            password: await secret('mysql', connections.mysql.password),
            databases: [connections.mysql.database],
          },
          ldap: {
            kind: 'ldap',
            url: `ldap://${connections.ldap.host}:${connections.ldap.port}`,
            bindDn: connections.ldap.bindDn,
            password: await secret('ldap', connections.ldap.password),
            base: connections.ldap.baseDn,
          },
          aerogear: {
            kind: 'postgres',
            host: connections.postgres.host,
            port: connections.postgres.port,
            user: connections.postgres.user,
            password: await secret('aerogear', connections.postgres.password),
            database: connections.postgres.database,
            pgDump: options.pgDump,
          },
        },
      },
    },
  };
  const file = join(folder, 'registry.yaml');
  await writeFile(file, stringify(config));
  return file;
}
