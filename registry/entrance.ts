import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Access } from './access/access.ts';
import { authentication } from './access/authentication.ts';
import { wholeRegistryOnly } from './access/authorization.ts';
import { sameSiteOnly } from './access/cross-site.ts';
import { contextOf, type RequestContext } from './access/request-context.ts';
import { securityHeaders } from './access/security-headers.ts';
import { loopbackOnly } from './loopback.ts';
import { cutUnreadBody } from './slow-clients.ts';

/** Within which a request without a large body must have come. */
export const requestTimeoutMs = 15_000;

export type EntranceOptions = {
  readonly access: Pick<Access, 'guard' | 'readClient'>;
  readonly logger: Logger;
  readonly newId: () => string;
  readonly requestTimeoutMs: number;
};

/** What every request to a registry or a builder passes first, before it is known who asks. */
export function entrance({ access, logger, newId, requestTimeoutMs: withinMs }: EntranceOptions): RequestHandler[] {
  const log = requestLog({ readClient: access.readClient, logger, newId });
  return [cutUnreadBody(withinMs), log, securityHeaders, ...(access.guard ? [] : [loopbackOnly]), sameSiteOnly];
}

/** Metrics name all environments and schedules, so they are for who may see all of the registry. */
export function metricsAuthorization({ guard, audit }: Pick<Access, 'guard' | 'audit'>): RequestHandler[] {
  return [authentication({ ...guard, audit, challenge: 'Bearer' }), wholeRegistryOnly];
}

type RequestLogOptions = Pick<Access, 'readClient'> & Pick<EntranceOptions, 'logger' | 'newId'>;

/** Gives every request an id, tells it to the client and writes one line when the answer has ended. */
function requestLog({ readClient, logger, newId }: RequestLogOptions): RequestHandler {
  return (request, response, next) => {
    const { address, isSecure, requestId = newId() } = readClient(request);
    const context: RequestContext = { requestId, address, isSecure };
    const startedAt = performance.now();
    // Routers change it on their way.
    const path = request.path;
    response.locals.context = context;
    response.set('X-Request-Id', requestId);
    response.once('close', () => {
      const durationMs = Math.round(performance.now() - startedAt);
      const { writableFinished: isWhole, statusCode: status } = response;
      const tokenId = contextOf(response).principal?.id;
      logger.info({ requestId, method: request.method, path, status, durationMs, isWhole, address, tokenId }, 'request');
    });
    next();
  };
}
