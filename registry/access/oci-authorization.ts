import type { RequestHandler } from 'express';
import { DynDataError, type Role } from '../../core/index.ts';
import { requireRole, requireScope } from './authorization.ts';
import { type OciAction, ociAction } from './oci-action.ts';
import { principalOf } from './request-context.ts';

export const ociRoles: Readonly<Record<OciAction['action'], Role>> = { pull: 'reader', push: 'operator', delete: 'operator' };

/** Also on refusals: by it a client knows that it speaks with a registry whose challenge it may answer. */
export const ociVersion: RequestHandler = (_request, response, next) => {
  response.set('Docker-Distribution-Api-Version', 'registry/2.0');
  next();
};

/**
 * Whether a principal may do below `/v2` what it asks for. What is no known address goes no further: a route that this does not know of
 * could not be decided on.
 * @throws ACCESS_DENIED, NOT_FOUND, REQUEST_INVALID
 */
export const ociAuthorization: RequestHandler = (request, response, next) => {
  const path = decoded(request.path);
  if (path === '/') {
    next();
    return;
  }
  const query = request.url.indexOf('?');
  const asked = ociAction(request.method, query < 0 ? path : `${path}${request.url.slice(query)}`);
  if (!asked)
    throw new DynDataError('NOT_FOUND', 'There is nothing at this address: manifests, blobs, tags/list and referrers are served.');
  const principal = principalOf(response);
  requireRole(ociRoles[asked.action], principal);
  requireScope(asked.repository, principal);
  if (asked.from !== undefined) requireScope(asked.from, principal);
  next();
};

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new DynDataError('REQUEST_INVALID', 'The address is not properly encoded.', { cause });
  }
}
