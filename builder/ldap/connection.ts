import { connect, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { Client, ResultCodeError } from 'ldapts';
import { DynDataError, type LdapSourceConfig } from '../../core/index.ts';
import { createSearch, type Search } from './search.ts';

const connectTimeoutMs = 10_000;
const receiveBytes = 256 * 1024;
/** For one answer, which is at most a page of entries: where the server finds few in a large directory, that takes long. */
const defaultAnswerTimeoutMs = 300_000;

/** A connection that is bound. `ldapts` opens it, TLS included, and ends it; what is searched for does not go through its objects. */
export type LdapConnection = AsyncDisposable & { readonly search: Search };

/** @throws DynDataError SOURCE_UNREACHABLE, SOURCE_AUTH_FAILED */
export async function openConnection(
  name: string,
  config: LdapSourceConfig,
  password: string,
  answerTimeoutMs: number = defaultAnswerTimeoutMs,
): Promise<LdapConnection> {
  let receive: ((received: Uint8Array) => void) | undefined;
  let socket: Socket | undefined;
  // One piece of memory for all that comes: a server sends each entry by itself, and memory for each would be most of the work.
  const onread: OnReadOpts = {
    buffer: new Uint8Array(receiveBytes),
    callback(sizeBytes, buffer) {
      const received = buffer.subarray(0, sizeBytes);
      if (receive) receive(received);
      else socket?.emit('data', Buffer.from(received));
      return true;
    },
  };
  const keep = <T extends Socket>(opened: T): T => {
    socket = opened;
    return opened;
  };
  const client = new Client({
    url: config.url,
    connectTimeout: connectTimeoutMs,
    timeout: answerTimeoutMs,
    strictDN: false,
    createConnection: ((port: number, host: string) => keep(connect({ port, host, onread }))) as typeof connect,
    createSecureConnection: ((port: number, host: string, options?: ConnectionOptions) => {
      // The package of types does not know that TLS sockets take it too.
      const all = { ...options, port, host, onread };
      return keep(connectTls(all));
    }) as typeof connectTls,
  });
  const close = async (): Promise<void> => {
    await client.unbind().catch(() => undefined);
  };
  try {
    await client.bind(config.bindDn, password);
    if (!socket) throw new DynDataError('INTERNAL', 'An LDAP connection has no socket. Please report it.');
    const bound = createSearch(socket, answerTimeoutMs);
    ({ receive } = bound);
    // Where `onread` is not heeded.
    socket.removeAllListeners('data').on('data', receive);
    return { search: bound.search, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw ldapError(name, error, 'connecting');
  }
}

const invalidCredentials = 49;
const forbidden = new Set([48, 50]);
const noSuchObject = 32;
const limits = new Set([3, 4, 11]);
/** Busy, unavailable: it is being stopped or started. */
const away = new Set([51, 52]);

/** Translates by LDAP result code or system code; diagnostic messages can quote names and are not carried on. */
export function ldapError(name: string, error: unknown, when: 'connecting' | 'reading' = 'reading'): DynDataError {
  if (error instanceof DynDataError) return error;
  if (error instanceof ResultCodeError) {
    const { code } = error;
    if (code === invalidCredentials) {
      return new DynDataError(
        'SOURCE_AUTH_FAILED',
        `The LDAP source "${name}" refused the bind DN or the password (result ${code}). Correct "bindDn" in the registry's configuration or the secret that holds the password.`,
      );
    }
    if (limits.has(code)) {
      return new DynDataError(
        'SOURCE_PERMISSION_DENIED',
        `The LDAP source "${name}" cut the search short (result ${code}): OpenLDAP applies its size limit to a whole paged search. Bind as the rootdn, or grant "limits … size.prtotal=unlimited". A short snapshot is never stored.`,
      );
    }
    if (forbidden.has(code)) {
      return new DynDataError(
        'SOURCE_PERMISSION_DENIED',
        `The bind DN of the LDAP source "${name}" may not read everything (result ${code}). Grant it read access to all entries and attributes.`,
      );
    }
    if (code === noSuchObject) {
      return new DynDataError(
        'SOURCE_UNSUPPORTED',
        `The LDAP source "${name}" has no entry at its base (result ${code}). Correct "base" in the registry's configuration, or the bind DN's access to it.`,
      );
    }
    if (away.has(code)) return unreachable(name, `result ${code}`, when);
    return new DynDataError(
      'SOURCE_FAILED',
      `Reading the LDAP source "${name}" failed (result ${code}). Look at the server's log, then try again.`,
    );
  }
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'closed';
  return unreachable(name, code, when);
}

function unreachable(name: string, code: string, when: 'connecting' | 'reading'): DynDataError {
  return when === 'connecting'
    ? new DynDataError(
        'SOURCE_UNREACHABLE',
        `The LDAP source "${name}" cannot be reached (${code}). Check its url in the registry's configuration, and that the server runs.`,
      )
    : new DynDataError(
        'SOURCE_LOST',
        `The connection to the LDAP source "${name}" was lost (${code}). Where it happens again, look at the server's log and at what lies between.`,
      );
}
