import { digestOf } from '../../core/index.ts';
import { type RawResponse, rawRequest } from './raw-http.ts';

export const indexType = 'application/vnd.oci.image.index.v1+json';
export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const emptyType = 'application/vnd.oci.empty.v1+json';

/** Content as tools push it: its bytes and what they are called. */
export type Content = { readonly bytes: Uint8Array; readonly digest: string; readonly size: number };

export function contentOf(bytes: Uint8Array | string): Content {
  const copy = Uint8Array.from(Buffer.from(bytes));
  return { bytes: copy, digest: digestOf(copy), size: copy.byteLength };
}

export const jsonContent = (value: unknown): Content => contentOf(JSON.stringify(value, undefined, '\t'));

export type OciRequest = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
};

/** A client that does what it is told and judges nothing. @param token shown with every request */
export function createOciClient(port: () => number, token?: string) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const send = (method: string, path: string, { headers, query, body }: OciRequest = {}): Promise<RawResponse> => {
    const separator = path.includes('?') ? '&' : '?';
    const address = query ? `${path}${separator}${new URLSearchParams(query)}` : path;
    return rawRequest(port(), address, { method, headers: { ...authorization, ...headers }, ...(body === undefined ? {} : { body }) });
  };
  const octets = { 'content-type': 'application/octet-stream' };
  return {
    send,
    /** POST, then PUT with everything. */
    async pushBlob(repository: string, { bytes, digest }: Pick<Content, 'bytes' | 'digest'>): Promise<RawResponse> {
      const begun = await send('POST', `/v2/${repository}/blobs/uploads/`);
      return send('PUT', locationOf(begun), { query: { digest }, headers: octets, body: bytes });
    },
    /** PATCH with a piece, at its place where that is given. */
    patch(location: string, bytes: Uint8Array, start?: number): Promise<RawResponse> {
      const range = start === undefined ? {} : { 'content-range': `${start}-${start + bytes.byteLength - 1}` };
      return send('PATCH', location, { headers: { ...octets, ...range }, body: bytes });
    },
    pushManifest(repository: string, reference: string, { bytes }: Pick<Content, 'bytes'>, mediaType = manifestType): Promise<RawResponse> {
      return send('PUT', `/v2/${repository}/manifests/${reference}`, { headers: { 'content-type': mediaType }, body: bytes });
    },
  };
}

/** The path of the answer's `Location`. */
export function locationOf({ headers }: RawResponse): string {
  const { location } = headers;
  if (typeof location !== 'string') throw new Error('a Location expected');
  const { pathname, search } = new URL(location, 'http://registry');
  return `${pathname}${search}`;
}

export const jsonOf = (response: RawResponse) => JSON.parse(response.body.toString());

export const errorCodesOf = (response: RawResponse): string[] => jsonOf(response).errors.map(({ code }: { code: string }) => code);
