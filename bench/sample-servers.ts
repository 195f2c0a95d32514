import { type Address, type SampleConnections, sampleConnections } from '../sample/connections.ts';
import { addressOf } from './servers.ts';

const services = [
  ['mysql', 3306],
  ['ldap', 389],
  ['postgres', 5432],
] as const;

/** Where the servers of a sample system are, for the option `--servers` of a benchmark. @param project of Compose */
export async function sampleServers(project: string): Promise<string> {
  const addresses = await Promise.all(services.map(([service, port]) => addressOf(`${project}-${service}-1`, port)));
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
