import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { type BlobReader, type CatalogReader, type Digest, isDigest, isRepository, isTag } from '../core/index.ts';
import { parseRange } from './byte-range.ts';
import { OciError, ociErrorHandler } from './oci-errors.ts';
import { sendBytes, untilClosed } from './streaming.ts';

const maxTagsPerPage = 1000;

export type OciOptions = { readonly blobs: BlobReader; readonly catalog: CatalogReader; readonly logger: Logger };

type Handler = (repository: string, reference: string, request: Request, response: Response) => Promise<void>;

/** The pull side of the OCI Distribution Specification 1.1, to be mounted at `/v2`. */
export function createOciRouter({ blobs, catalog, logger }: OciOptions): Router {
  const manifest: Handler = async (repository, reference, request, response) => {
    const signal = untilClosed(response);
    const unknown = new OciError('MANIFEST_UNKNOWN', `The repository has no manifest "${reference}".`);
    if (reference.includes(':') && !isDigest(reference))
      throw new OciError('DIGEST_INVALID', 'A digest is "sha256:" and 64 hexadecimal digits.');
    if (!isDigest(reference) && !isTag(reference)) throw unknown;
    const digest = isDigest(reference) ? reference : (await catalog.tag(repository, reference, signal))?.digest;
    const found = digest && (await catalog.manifest(repository, digest, signal));
    if (!found) throw unknown;
    setContent(response, found.digest, found.mediaType, found.bytes.byteLength);
    if (sendNotModified(request, response, found.digest)) return;
    if (request.method === 'HEAD') response.end();
    else response.end(found.bytes);
  };

  const blob: Handler = async (_repository, digest, request, response) => {
    if (!isDigest(digest)) throw new OciError('DIGEST_INVALID', 'A digest is "sha256:" and 64 hexadecimal digits.');
    const signal = untilClosed(response);
    const info = await blobs.stat(digest, signal);
    if (!info) throw new OciError('BLOB_UNKNOWN', `The registry has no blob ${digest}.`);
    setContent(response, digest, 'application/octet-stream', info.sizeBytes);
    response.set({ 'Accept-Ranges': 'bytes', 'Cache-Control': 'private, max-age=31536000, immutable' });
    if (sendNotModified(request, response, digest)) return;
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const isOtherVersion = request.headers['if-range'] !== undefined && request.headers['if-range'] !== `"${digest}"`;
    const range = isOtherVersion ? 'whole' : parseRange(request.headers.range, info.sizeBytes);
    if (range === 'unsatisfiable') {
      clearContent(response);
      response.set('Content-Range', `bytes */${info.sizeBytes}`);
      throw new OciError('RANGE_INVALID', `The blob has ${info.sizeBytes} bytes.`);
    }
    if (range !== 'whole') {
      response.status(206).set({
        'Content-Range': `bytes ${range.start}-${range.end - 1}/${info.sizeBytes}`,
        'Content-Length': String(range.end - range.start),
      });
    }
    try {
      const { bytes } = await blobs.read(digest, range === 'whole' ? { signal } : { range, signal });
      await sendBytes(response, bytes);
    } catch (error) {
      if (!response.headersSent) clearContent(response);
      throw error;
    }
  };

  const tags: Handler = async (repository, _reference, request, response) => {
    const signal = untilClosed(response);
    const { n, last } = request.query;
    if (n !== undefined && !(typeof n === 'string' && /^\d{1,9}$/.test(n)))
      throw new OciError('PAGINATION_NUMBER_INVALID', 'n is no number.');
    const limit = Math.min(n === undefined ? maxTagsPerPage : Number(n), maxTagsPerPage);
    const names: string[] = [];
    let isMore = false;
    const after = typeof last === 'string' && last !== '' ? { after: last } : {};
    for await (const { tag } of catalog.tags(repository, { ...after, signal })) {
      isMore = names.length === limit;
      if (isMore) break;
      names.push(tag);
    }
    if (names.length === 0 && !isMore && !(await hasRepository(catalog, repository, signal))) {
      throw new OciError('NAME_UNKNOWN', `The registry has no repository "${repository}".`);
    }
    const lastName = names.at(-1);
    if (isMore && lastName !== undefined) {
      response.set('Link', `</v2/${repository}/tags/list?n=${limit}&last=${encodeURIComponent(lastName)}>; rel="next"`);
    }
    response.json({ name: repository, tags: names });
  };

  const router = Router({ caseSensitive: true });
  router.use(setApiVersion, readOnly);
  router.use(async (request, response) => {
    const path = decodedPath(request.path);
    if (path === '/') {
      response.json({});
      return;
    }
    // The repository's name may have slashes and parts called `blobs` or `manifests`, so the last such part is the one that counts.
    const [, repository = '', kind = '', reference = ''] = /^\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(path) ?? [];
    const handler = { manifests: manifest, blobs: blob, tags: reference === 'list' ? tags : undefined }[kind];
    if (!handler) throw new OciError('NAME_UNKNOWN', 'There is nothing at this address: manifests, blobs and tags/list are served.');
    if (!isRepository(repository)) throw new OciError('NAME_INVALID', 'This is no repository name.');
    await handler(repository, reference, request, response);
  });
  router.use(ociErrorHandler(logger));
  return router;
}

const setApiVersion: RequestHandler = (_request, response, next) => {
  response.set('Docker-Distribution-Api-Version', 'registry/2.0');
  next();
};

const readOnly: RequestHandler = (request, response, next) => {
  if (request.method === 'GET' || request.method === 'HEAD') {
    next();
    return;
  }
  response.set('Allow', 'GET, HEAD');
  throw new OciError('UNSUPPORTED', 'This registry is read through this address; snapshots are made by `dyn-data snapshot create`.');
};

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new OciError('NAME_INVALID', 'The address is not properly encoded.');
  }
}

function setContent(response: Response, digest: Digest, mediaType: string, sizeBytes: number): void {
  response.set({ 'Docker-Content-Digest': digest, ETag: `"${digest}"`, 'Content-Length': String(sizeBytes) });
  // Not through the framework, which would add a character set.
  response.setHeader('Content-Type', mediaType);
}

/** Takes the headers of the content back, for an error in its place. */
function clearContent(response: Response): void {
  response.status(200);
  for (const name of ['Content-Length', 'Content-Type', 'Content-Range', 'ETag', 'Docker-Content-Digest', 'Cache-Control'])
    response.removeHeader(name);
}

function sendNotModified(request: Request, response: Response, digest: Digest): boolean {
  const known = request.headers['if-none-match'];
  const isKnown = known?.split(',').some((etag) => etag.trim().replace(/^W\//, '') === `"${digest}"` || etag.trim() === '*');
  if (isKnown) response.status(304).end();
  return isKnown === true;
}

async function hasRepository(catalog: CatalogReader, name: string, signal: AbortSignal): Promise<boolean> {
  for await (const repository of catalog.repositories(signal)) if (repository === name) return true;
  return false;
}
