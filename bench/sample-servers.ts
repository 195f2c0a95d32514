import { type Address, type SampleConnections, sampleConnections } from '../sample/connections.ts';
import { seedSample, withoutHealthChecks } from '../sample/seed-sample.ts';
import type { SampleSize } from '../sample/sizes.ts';
import { addressOf } from './servers.ts';

const services = [
  ['mysql', 3306],
  ['ldap', 389],
  ['postgres', 5432],
] as const;

/**
 * Fills a sample system and gives where its servers are, for the option `--servers` of a benchmark. Without health checks, of which three every two
 * seconds keep a seventh of two cores busy: a source in production has none.
 * @param project of Compose
 */
export async function startSample(options: {
  readonly size: SampleSize;
  readonly project: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}): Promise<string> {
  await seedSample({ ...options, env: { ...options.env, ...withoutHealthChecks } });
  const addresses = await Promise.all(services.map(([service, port]) => addressOf(`${options.project}-${service}-1`, port)));
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
