import { isRepository } from '../../core/index.ts';
import { type OciAddress, parseAddress } from './addresses.ts';

/** What a request to the OCI endpoint wants to do, for whoever has to allow it. */
export type OciAction =
  /** Whether the endpoint is there, and whether the client may log in. */
  | { readonly kind: 'base' }
  /** The names of the repositories; each one counts as a pull of it. */
  | { readonly kind: 'catalog' }
  | {
      readonly kind: 'repository';
      readonly repository: string;
      readonly action: 'pull' | 'push' | 'delete';
      /** The repository that a blob is to be mounted from, which wants the right to pull from that one too. */
      readonly from?: string;
    }
  /** Nothing that the endpoint has: it is answered without touching a repository. */
  | { readonly kind: 'none' };

/**
 * The action of a request to this address; `query` as it came.
 *
 * Reading is `pull`; everything about an upload is `push`, also to ask how far it is or to give it up; removing a manifest, a tag or a
 * blob is `delete`. Methods that an address does not have are `push`, the narrower right: they are refused afterwards.
 */
export function actionAt(method: string, address: OciAddress, query: string): OciAction {
  if (address.kind === 'base' || address.kind === 'catalog') return { kind: address.kind };
  if (address.kind === 'invalid' || address.kind === 'unknown') return { kind: 'none' };
  const { kind, repository } = address;
  const isUpload = kind === 'upload' || kind === 'uploads';
  const isRead = method === 'GET' || method === 'HEAD';
  const action = isUpload ? 'push' : isRead ? 'pull' : method === 'DELETE' ? 'delete' : 'push';
  const from = kind === 'uploads' && method === 'POST' ? mountedFrom(query) : undefined;
  return { kind: 'repository', repository, action, ...(from === undefined ? {} : { from }) };
}

/** @param path as in the request line, from `/v2` on, with its query. */
export function ociAction(method: string, path: string): OciAction {
  const [isOurs, rest = '/', query = ''] = /^\/v2(\/[^?]*)?(?:\?(.*))?$/.exec(path) ?? [];
  return isOurs === undefined ? { kind: 'none' } : actionAt(method, parseAddress(rest), query);
}

function mountedFrom(query: string): string | undefined {
  const parameters = new URLSearchParams(query);
  const from = parameters.get('from');
  return parameters.has('mount') && from !== null && isRepository(from) ? from : undefined;
}
