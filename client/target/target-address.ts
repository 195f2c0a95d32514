import { DynDataError } from '../../core/errors.ts';
import type { SourceKind } from '../../core/manifest.ts';

/** A server that is no container of the stack, as an address names it. */
export type TargetAddress = {
  readonly kind: SourceKind;
  /** For people and errors: no more than scheme, host and port. */
  readonly label: string;
  readonly host: string;
  readonly port: number;
  /** Whom to log in as; of a directory a DN. */
  readonly user: string;
  /** Another name for the snapshot's database; of a directory its naming context. */
  readonly database: string | undefined;
  /** How the connection is protected, in the tool's own word. */
  readonly tls: string | undefined;
};

const kinds: Readonly<Record<string, { readonly kind: SourceKind; readonly port: number; readonly tlsSetting?: string }>> = {
  'mysql:': { kind: 'mysql', port: 3306, tlsSetting: 'ssl-mode' },
  'postgres:': { kind: 'postgres', port: 5432, tlsSetting: 'sslmode' },
  'postgresql:': { kind: 'postgres', port: 5432, tlsSetting: 'sslmode' },
  'ldap:': { kind: 'ldap', port: 389 },
  'ldaps:': { kind: 'ldap', port: 636 },
};

const form = 'mysql://USER@HOST:PORT, postgres://USER@HOST:PORT/DATABASE or ldap://HOST:PORT/BASE?bind=DN';

/** @throws DynDataError USAGE, which never quotes the address: it may hold a password */
export function parseTargetAddress(text: string): TargetAddress {
  const url = URL.parse(text);
  const found = url && kinds[url.protocol];
  if (!url || !found || url.hostname === '') throw new DynDataError('USAGE', `--to needs an address such as ${form}.`);
  if (url.password !== '') {
    throw new DynDataError(
      'USAGE',
      'The address of --to has a password, which everybody on this machine can see in the list of processes. Leave it out and change it if this is more than a try; give it with --password-file, DYN_DATA_TARGET_PASSWORD or at the prompt.',
    );
  }
  const settings = new Set(found.kind === 'ldap' ? ['bind'] : [found.tlsSetting]);
  for (const name of url.searchParams.keys())
    if (!settings.has(name))
      throw new DynDataError('USAGE', `The address of --to has the setting "${name}". Leave it out; known is ${[...settings].join()}.`);
  const tls = url.searchParams.get(found.tlsSetting ?? '') ?? undefined;
  if (tls !== undefined && !/^[\w-]+$/.test(tls))
    throw new DynDataError('USAGE', `The setting ${found.tlsSetting} of --to is one word. Write it as the server's own client takes it.`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? found.port : Number(url.port);
  const path = decode(url.pathname.slice(1));
  const user = found.kind === 'ldap' ? (url.searchParams.get('bind') ?? '') : decode(url.username);
  if (user === '') throw new DynDataError('USAGE', `The address of --to does not say whom to log in as. Write it as one of ${form}.`);
  if (/[\n\r\0]/.test(`${user}${path}${host}`)) throw new DynDataError('USAGE', 'The address of --to has a line break in it. Take it out.');
  return {
    kind: found.kind,
    label: `${url.protocol}//${url.host.includes(':') && url.port !== '' ? url.host : `${url.hostname}:${port}`}`,
    host,
    port,
    user,
    database: path === '' ? undefined : path,
    tls,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new DynDataError('USAGE', 'The address of --to has a % that is not followed by two hexadecimal digits. Write it as %25.');
  }
}

/** Whether a name says that it is where real work is done. */
export function soundsLikeProduction(...names: readonly (string | undefined)[]): string | undefined {
  return names.find((name) => name !== undefined && /(?:^|[^a-z])(?:prod|prd|production|live|master|primary)(?:[^a-z]|$)/i.test(name));
}
