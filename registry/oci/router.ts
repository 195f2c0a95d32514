import { Router } from 'express';
import { OciError } from '../oci-errors.ts';
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

type AllHandlers = { readonly [K in OciAddress['kind']]: Handlers<K> };

/** The OCI Distribution Specification 1.1, to be mounted at `/v2` behind authentication and before `ociErrorHandler`. */
export function createOciRouter(ports: OciPorts): Router {
  const { guard } = ports;
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
  return router;
}
