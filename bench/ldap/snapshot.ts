import { connectLdap } from '../../builder/ldap/session.ts';
import type { Address } from '../../sample/connections.ts';
import { buildSnapshot } from '../build-snapshot.ts';
import { base, policy } from './large-directory.ts';
import { bindDn, password } from './server.ts';

export const repository = 'large-directory';
export const tag = 'bench';

/** Builds a whole anonymized snapshot of the large directory into `folder`, as the registry does. */
export async function snapshot(folder: string, { host, port }: Address): Promise<void> {
  const config = { kind: 'ldap' as const, url: `ldap://${host}:${port}`, bindDn, password: { env: 'unused' }, base };
  await buildSnapshot(folder, { repository, tag, policy, connect: (signal) => connectLdap('ldap', config, password, signal) });
}
