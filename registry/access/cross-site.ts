import type { RequestHandler } from 'express';
import { DynDataError } from '../../core/index.ts';

const reading = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses changes that a page of another site makes a browser ask for: browsers send along what they know (a password once typed, the
 * right to reach this machine), and say in `Origin` whose page it was. Programs send no `Origin`.
 * @throws ACCESS_DENIED
 */
export const sameSiteOnly: RequestHandler = (request, _response, next) => {
  const { origin, host } = request.headers;
  const isForeign = origin !== undefined && hostOf(origin) !== host?.toLowerCase();
  if (!reading.has(request.method) && (isForeign || request.headers['sec-fetch-site'] === 'cross-site')) {
    throw new DynDataError(
      'ACCESS_DENIED',
      'A page of another site asks for a change. Use dyn-data, or another program that is no browser.',
    );
  }
  next();
};

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
