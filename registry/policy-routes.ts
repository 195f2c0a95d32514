import type { Request, RequestHandler, Response } from 'express';
import { DynDataError, type PolicyTools, parseValue, routes } from '../core/index.ts';
import type { AddRoute } from './add-route.ts';
import { isLoopbackName } from './loopback.ts';
import { untilClosed } from './streaming.ts';

/** The routes that help whoever writes a policy. */
export function addPolicyRoutes(on: AddRoute, policyTools: PolicyTools | undefined, closing: AbortSignal): void {
  const tools = (): PolicyTools => {
    if (policyTools) return policyTools;
    throw new DynDataError('NOT_FOUND', 'This registry runs no builder, so it reads no sources. Ask one that does.');
  };
  const signalOf = (response: Response): AbortSignal => AbortSignal.any([untilClosed(response), closing]);

  on(routes.showPolicy, async (request, response) => {
    response.json(await tools().text(environmentOf(request)));
  });
  on(routes.suggestPolicy, async (request, response) => {
    response.json(await tools().suggest(environmentOf(request), signalOf(response)));
  });
  on(routes.checkPolicy, async (request, response) => {
    response.json(await tools().check(environmentOf(request), signalOf(response)));
  });
  on(routes.previewPolicy, async (request, response) => {
    requireDirectLoopback(request);
    const { rows } = parseValue(routes.previewPolicy.body, request.body, 'The request body', 'REQUEST_INVALID');
    // Set before the work: an error too must not stay in a cache.
    response.set('Cache-Control', 'no-store');
    response.json(await tools().preview(environmentOf(request), rows, signalOf(response)));
  });
}

const forwardingHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Real data leaves only to a program of this machine: neither to another address, nor to a proxy here that serves others.
 * @throws DynDataError ACCESS_DENIED
 */
function requireDirectLoopback(request: Parameters<RequestHandler>[0]): void {
  const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const isForwarded = forwardingHeaders.some((name) => request.headers[name] !== undefined);
  if (isLoopbackName(address) && !isForwarded) return;
  throw new DynDataError(
    'ACCESS_DENIED',
    'A preview shows real data, so it is given over the loopback interface only and through no proxy. Run the command on the machine of the registry.',
  );
}

function environmentOf(request: Request): string {
  const { environment } = request.params;
  return typeof environment === 'string' ? environment : '';
}
