import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ldifOf } from '../../sample/ldap/ldif.ts';
import { runOrFail } from '../../scripts/run-command.ts';
import { placesOf, type Server, startServer, waitReady } from '../servers.ts';
import { base, directoryEntries } from './large-directory.ts';

export const password = 'bench';
export const bindDn = `cn=admin,${base}`;
export const image = process.env.LDAP_IMAGE ?? 'osixia/openldap:1.5.0';
export const environment = { LDAP_DOMAIN: 'large.test', LDAP_BASE_DN: base, LDAP_ADMIN_PASSWORD: password };
export const ready = `ldapsearch -x -H ldap://127.0.0.1 -D '${bindDn}' -w ${password} -b '${base}' -s base dn`;

/** Replaces the database by the LDIF on standard input, as one does by hand while the server is stopped. */
export const load = `set -e
owner="$(stat -c %u:%g /var/lib/ldap)"
rm -f /var/lib/ldap/*.mdb
slapadd -q -F /etc/ldap/slapd.d -b '${base}'
chown -R "$owner" /var/lib/ldap`;

/** A server of its own that holds so many entries. */
export async function startLdap(name: string, entries: number): Promise<Server> {
  const server = await startServer({ name, image, port: 389, env: environment, command: [], ready });
  await runOrFail('Stopping', 'docker', ['stop', name]);
  const volumes = ['--interactive', '--rm', '--network', 'none', '--user', '0', '--volumes-from', name];
  const loader = spawn('docker', ['run', ...volumes, '--entrypoint', 'sh', image, '-c', load], { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => loader.on('close', resolve));
  await pipeline(Readable.from(ldifOf(directoryEntries(entries))), loader.stdin);
  if ((await ended) !== 0) throw new Error('slapadd failed');
  await runOrFail('Starting', 'docker', ['start', name]);
  await waitReady(name, ready);
  return { ...server, ...(await placesOf(name, 389)) };
}
