import type { Request, RequestHandler, Response } from 'express';
import { DynDataError, type Role } from '../../core/index.ts';
import { maySee, requireRole, requireScope } from './authorization.ts';
import { type OciAction, ociAction } from './oci-action.ts';
import { principalOf } from './request-context.ts';

const roles: Readonly<Record<'pull' | 'push' | 'delete', Role>> = { pull: 'reader', push: 'operator', delete: 'operator' };

/** Who may do what below `/v2`, behind authentication: asked once for every request, before anything of a repository is looked at. */
export const ociGuard = {
  /** @throws ACCESS_DENIED */
  async check(action: OciAction, _request: Request, response: Response): Promise<void> {
    const principal = principalOf(response);
    if (action.kind !== 'repository') return;
    requireRole(roles[action.action], principal);
    requireScope(action.repository, principal);
    if (action.from !== undefined) requireScope(action.from, principal);
  },
  mayPull: (repository: string, request: Request): boolean => request.res !== undefined && maySee(principalOf(request.res), repository),
};

/** Also on refusals: by it a client knows that it speaks with a registry whose challenge it may answer. */
export const ociVersion: RequestHandler = (_request, response, next) => {
  response.set('Docker-Distribution-Api-Version', 'registry/2.0');
  next();
};

/** Lets a request on to where its answer is made. What is no known address goes no further: it could not be decided on. */
export const ociAuthorization: RequestHandler = async (request, response, next) => {
  const query = request.url.indexOf('?');
  const action = ociAction(request.method, query < 0 ? decoded(request.path) : `${decoded(request.path)}${request.url.slice(query)}`);
  if (action.kind === 'none' || action.kind === 'catalog') {
    throw new DynDataError('NOT_FOUND', 'There is nothing at this address: manifests, blobs, tags/list and referrers are served.');
  }
  await ociGuard.check(action, request, response);
  next();
};

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new DynDataError('REQUEST_INVALID', 'The address is not properly encoded.', { cause });
  }
}
