import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynDataError } from '../core/index.ts';

/** Gives the base URL that the server is reached at; port 0 takes a free one. @throws DynDataError CONFIG_INVALID */
export async function listenOn(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  scheme: 'http' | 'https',
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)));
    server.listen({ host, port }, resolve);
  });
  server.removeAllListeners('error');
  const bound = server.address() as AddressInfo;
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
}

/** Takes no more requests, and cuts those that are not done after `timeoutMs`. */
export async function closeWithin(server: Server, timeoutMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearTimeout(timer);
}

function listenError(error: Error, host: string, port: number): DynDataError {
  const code = 'code' in error ? String(error.code) : '';
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `Port ${port} of ${host} is in use by another program. Stop that program, or set listen.port to another port.`,
    EACCES: `Port ${port} of ${host} may not be used by this user. Set listen.port to one above 1023.`,
    EADDRNOTAVAIL: `${host} is no address of this machine. Correct listen.host.`,
  };
  const message = reasons[code] ?? `Cannot listen on port ${port} of ${host} (${code}). Correct listen in the configuration.`;
  return new DynDataError('CONFIG_INVALID', message, { cause: error });
}
