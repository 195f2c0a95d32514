import { isIPv4 } from 'node:net';
import type { RequestHandler } from 'express';
import { DynDataError } from '../core/index.ts';

/** Whether a host name or address stands for this machine alone. */
export function isLoopbackName(name: string): boolean {
  const host = name.toLowerCase();
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

/** @throws DynDataError CONFIG_INVALID for any address that another machine could reach. */
export function requireLoopback(host: string, setting = 'listen.host'): void {
  if (isLoopbackName(host)) return;
  const message = `${setting} is "${host}", but no access is configured, so it asks for no authentication and serves this machine only. Add access.initialAdmin (see docs/access.md), or set ${setting} to 127.0.0.1, ::1 or localhost.`;
  throw new DynDataError('CONFIG_INVALID', message);
}

/**
 * Refuses requests addressed to another name than this machine's. Without authentication only local programs may ask, and a page in a
 * local browser whose own host name was made to resolve to 127.0.0.1 is none: its requests still carry that name.
 */
export const loopbackOnly: RequestHandler = (request, _response, next) => {
  const host = request.headers.host ?? '';
  if (isLoopbackName(host.replace(/:\d+$/, ''))) next();
  else
    throw new DynDataError(
      'ACCESS_DENIED',
      'Address the registry as 127.0.0.1 or localhost: without authentication it serves this machine only.',
    );
};
