import type { Request, RequestHandler, Response } from 'express';
import { type Role, roleIncludes } from '../../core/index.ts';
import type { OciGuard } from '../oci/index.ts';
import { maySee, requireRole, requireScope } from './authorization.ts';
import { principalOf } from './request-context.ts';

export const ociRoles: Readonly<Record<'pull' | 'push' | 'delete', Role>> = { pull: 'reader', push: 'operator', delete: 'operator' };

/** Also on refusals: by it a client knows that it speaks with a registry whose challenge it may answer. */
export const ociVersion: RequestHandler = (_request, response, next) => {
  response.set('Docker-Distribution-Api-Version', 'registry/2.0');
  next();
};

/**
 * Whether a principal may do below `/v2` what it asks for, by its role and its repositories. What it may not pull from it does not see in
 * lists and cannot mount blobs of. Behind authentication only.
 */
export const ociAuthorization: OciGuard = {
  async check(action, _request, response) {
    if (action.kind !== 'repository') return;
    const principal = principalOf(response);
    requireRole(ociRoles[action.action], principal);
    requireScope(action.repository, principal);
  },
  mayPull: (repository, request) => maySee(principalOf(responseOf(request)), repository),
  mayPush: (request) => roleIncludes(principalOf(responseOf(request)).role, ociRoles.push),
};

/** The framework gives every request its response. */
function responseOf(request: Request): Response {
  if (!request.res) throw new Error('a request without a response');
  return request.res;
}
