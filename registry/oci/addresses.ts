import { isRepository } from '../../core/index.ts';

/** What an address below `/v2` names. References, digests and ids are as they came: valid or not is for those to say who use them. */
export type OciAddress =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: string }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: string }
  | { readonly kind: 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly id: string }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: string }
  /** An address of the API's form whose repository has no valid name, or that is not properly encoded. */
  | { readonly kind: 'invalid' }
  | { readonly kind: 'unknown' };

type RepositoryAddress = Extract<OciAddress, { repository: string }>;

/**
 * The part of a path behind `/v2`, still encoded and without a query. A repository's name may have parts called `blobs` or `manifests`,
 * so the last such part is the one that counts.
 */
export function parseAddress(path: string): OciAddress {
  const decoded = decodedPath(path);
  if (decoded === undefined) return { kind: 'invalid' };
  if (decoded === '/' || decoded === '') return { kind: 'base' };
  if (decoded === '/_catalog') return { kind: 'catalog' };
  const address = inRepository(decoded);
  if (!address) return { kind: 'unknown' };
  return isRepository(address.repository) ? address : { kind: 'invalid' };
}

function inRepository(path: string): RepositoryAddress | undefined {
  const [, uploading, id] = /^\/(.+)\/blobs\/uploads(?:\/([^/]*))?$/.exec(path) ?? [];
  if (uploading !== undefined) return id ? { kind: 'upload', repository: uploading, id } : { kind: 'uploads', repository: uploading };
  const [, repository = '', kind, name = ''] = /^\/(.+)\/(manifests|blobs|tags|referrers)\/([^/]+)$/.exec(path) ?? [];
  switch (kind) {
    case 'manifests':
      return { kind: 'manifest', repository, reference: name };
    case 'blobs':
      return { kind: 'blob', repository, digest: name };
    case 'referrers':
      return { kind: 'referrers', repository, digest: name };
    case 'tags':
      return name === 'list' ? { kind: 'tags', repository } : undefined;
    default:
      return undefined;
  }
}

function decodedPath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
