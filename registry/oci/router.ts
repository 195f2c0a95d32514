import { type RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import { OciError, ociErrorHandler } from '../oci-errors.ts';
import { untilClosed } from '../streaming.ts';
import { actionAt } from './action.ts';
import { type OciAddress, parseAddress } from './addresses.ts';
import { blobHandlers } from './blobs.ts';
import type { AnyHandler, Handlers, Method, OciPorts } from './handling.ts';
import { manifestHandlers } from './manifests.ts';
import { referrerHandlers } from './referrers.ts';
import { catalogHandlers } from './repositories.ts';
import { tagHandlers } from './tags.ts';
import { uploadHandlers, uploadsHandlers } from './uploads.ts';

/** How long an answered client may go on sending what nobody wants: it needs a moment to see that it was answered. */
const unreadBodyTimeoutMs = 10_000;

type AllHandlers = { readonly [K in OciAddress['kind']]: Handlers<K> };

/** The OCI Distribution Specification 1.1, to be mounted at `/v2`. */
export function createOciRouter(ports: OciPorts & { readonly logger: Logger }): Router {
  const { guard, logger } = ports;
  const handlers: AllHandlers = {
    base: {
      async GET(_address, _request, response) {
        response.json({});
      },
    },
    catalog: catalogHandlers(ports),
    manifest: manifestHandlers(ports),
    blob: blobHandlers(ports),
    uploads: uploadsHandlers(ports),
    upload: uploadHandlers(ports),
    tags: tagHandlers(ports),
    referrers: referrerHandlers(ports),
    invalid: {},
    unknown: {},
  };

  const router = Router({ caseSensitive: true });
  router.use(endUnreadBody);
  router.use(async (request, response) => {
    // One reading of the address for what is allowed and for what is done: two could disagree.
    const address = parseAddress(request.path);
    const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?') + 1) : '';
    await guard.check(actionAt(request.method, address, query), request, response);
    if (address.kind === 'invalid') throw new OciError('NAME_INVALID', 'This is no repository name, or it is not properly encoded.');
    if (address.kind === 'unknown') throw new OciError('NAME_UNKNOWN', 'There is nothing at this address.', { status: 404 });
    const ofKind: Partial<Record<Method, AnyHandler>> = handlers[address.kind];
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const handler = Object.hasOwn(ofKind, method) ? ofKind[method as Method] : undefined;
    if (!handler) {
      const methods = Object.keys(ofKind).flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]));
      response.set('Allow', methods.join(', '));
      throw new OciError('UNSUPPORTED', `${request.method.slice(0, 20)} is not done here.`);
    }
    await handler(address as never, request, response, untilClosed(response));
  });
  router.use(ociErrorHandler(logger));
  return router;
}

/** A request that was answered before its body was read is let run out, for a while. */
const endUnreadBody: RequestHandler = (request, response, next) => {
  response.once('finish', () => {
    if (request.complete) return;
    const timer = setTimeout(() => request.socket.destroy(), unreadBodyTimeoutMs);
    request.once('close', () => clearTimeout(timer));
    request.once('end', () => clearTimeout(timer));
  });
  next();
};
