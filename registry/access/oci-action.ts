/** What a request to the OCI endpoint wants to do. */
export type OciAction =
  /** Whether the endpoint is there, and whether the client may log in. */
  | { readonly kind: 'base' }
  /** The names of the repositories; each one counts as a pull of it. */
  | { readonly kind: 'catalog' }
  | {
      readonly kind: 'repository';
      readonly repository: string;
      readonly action: 'pull' | 'push' | 'delete';
      /** The repository that a blob is to be mounted from, which must be readable too. */
      readonly from?: string;
    }
  /** Nothing that the endpoint has. */
  | { readonly kind: 'none' };

const uploads = /^\/(.+)\/blobs\/uploads\/[^/]*$/;
const contents = /^\/(.+)\/(?:manifests\/[^/]+|blobs\/[^/]+|tags\/list|referrers\/[^/]+)$/;

/** @param path below `/v2`, decoded exactly as the routes decode it, then `?` and its query as it came */
export function ociAction(method: string, path: string): OciAction {
  const end = path.indexOf('?');
  const address = end < 0 ? path : path.slice(0, end);
  if (address === '/') return { kind: 'base' };
  const upload = uploads.exec(address)?.[1];
  if (upload !== undefined) {
    const from = end < 0 ? null : new URLSearchParams(path.slice(end)).get('from');
    return { kind: 'repository', repository: upload, action: 'push', ...(from === null ? {} : { from }) };
  }
  // A repository's name may have parts called `blobs` or `manifests`, so the last such part counts.
  const repository = contents.exec(address)?.[1];
  if (repository === undefined) return { kind: 'none' };
  const action = method === 'GET' || method === 'HEAD' ? 'pull' : method === 'DELETE' ? 'delete' : 'push';
  return { kind: 'repository', repository, action };
}
