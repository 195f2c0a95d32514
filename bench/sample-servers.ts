import { join } from 'node:path';
import { type Address, type SampleConnections, sampleConnections, samplePasswords } from '../sample/connections.ts';
import { seedSample } from '../sample/seed-sample.ts';
import type { SampleSize } from '../sample/sizes.ts';
import { projectFolder } from '../scripts/project-paths.ts';
import { runOrFail } from '../scripts/run-command.ts';
import { addressOf, waitReady } from './servers.ts';

/** Of each its port, and a command inside that succeeds as soon as it answers over TCP. */
const services = [
  ['mysql', 3306, 'mysqladmin -h127.0.0.1 ping'],
  ['ldap', 389, 'ldapsearch -x -H ldap://127.0.0.1 -b "" -s base 1.1'],
  ['postgres', 5432, 'pg_isready -h 127.0.0.1'],
] as const;

/**
 * Fills a sample system and gives where its servers are, for the option `--servers` of a benchmark. Its health checks are off from then on.
 * @param project of Compose
 */
export async function startSample(options: {
  readonly size: SampleSize;
  readonly project: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}): Promise<string> {
  const { project, env } = options;
  await seedSample(options);
  const files = ['-f', join(projectFolder, 'docker-compose.dev.yml'), '-f', join(import.meta.dirname, 'sample-servers.yml')];
  await runOrFail(
    'Switching the health checks off',
    'docker',
    ['compose', ...files, '-p', project, 'up', '-d', ...services.map(([name]) => name)],
    {
      env: { ...(env as Record<string, string>), ...samplePasswords(env) },
    },
  );
  const addresses = await Promise.all(
    services.map(async ([service, port, ready]) => {
      await waitReady(`${project}-${service}-1`, ready);
      return addressOf(`${project}-${service}-1`, port);
    }),
  );
  return addresses.map(({ host, port }) => `${host}:${port}`).join(',');
}

/** How to log in at the servers of that option; undefined where it is not three of `HOST:PORT`. */
export function connectionsTo(servers: string | undefined): SampleConnections | undefined {
  const [mysql, ldap, postgres] = (servers ?? '').split(',').map((server): Address | undefined => {
    const [, host, port] = /^(.+):(\d+)$/.exec(server) ?? [];
    return host === undefined ? undefined : { host, port: Number(port) };
  });
  return mysql && ldap && postgres ? sampleConnections({ mysql, ldap, postgres }, process.env) : undefined;
}
