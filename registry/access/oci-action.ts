/** What a request below `/v2` does to which repository. `from`: the repository that a blob is to be mounted from, which must be readable too. */
export type OciAction = { readonly repository: string; readonly action: 'pull' | 'push' | 'delete'; readonly from?: string };

const uploads = /^\/(.+)\/blobs\/uploads\/[^/]*$/;
const contents = /^\/(.+)\/(?:manifests\/[^/]+|blobs\/[^/]+|tags\/list|referrers\/[^/]+)$/;

/**
 * The action of a request; undefined for what is no address of the specification.
 * @param path below `/v2`, decoded exactly as the routes decode it, then `?` and its query as it came
 */
export function ociAction(method: string, path: string): OciAction | undefined {
  const end = path.indexOf('?');
  const address = end < 0 ? path : path.slice(0, end);
  const upload = uploads.exec(address)?.[1];
  if (upload !== undefined) {
    const from = end < 0 ? null : new URLSearchParams(path.slice(end)).get('from');
    return { repository: upload, action: 'push', ...(from === null ? {} : { from }) };
  }
  // A repository's name may have parts called `blobs` or `manifests`, so the last such part counts.
  const repository = contents.exec(address)?.[1];
  if (repository === undefined) return undefined;
  if (method === 'GET' || method === 'HEAD') return { repository, action: 'pull' };
  return { repository, action: method === 'DELETE' ? 'delete' : 'push' };
}
