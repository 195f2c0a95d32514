import { type Catalog, type ContentDigest, isContentDigest, readOciManifest } from '../../core/index.ts';
import { parseRange } from '../byte-range.ts';
import { OciError } from '../oci-errors.ts';
import { sendBytes } from '../streaming.ts';
import { clearContent, noDigest, sendNotModified, setContent } from './content.ts';
import type { Handlers, OciPorts } from './handling.ts';

/** Blobs as a repository has them: what is not linked to it is unknown there, whoever else has it. */
export function blobHandlers({ blobs, catalog }: Pick<OciPorts, 'blobs' | 'catalog'>): Handlers<'blob'> {
  const unknown = (digest: string): OciError =>
    new OciError('BLOB_UNKNOWN', `The repository has no blob ${digest}.`, { details: [{ digest }] });

  return {
    async GET({ repository, digest }, request, response, signal) {
      if (!isContentDigest(digest)) throw noDigest();
      const link = await catalog.link(repository, digest, signal);
      const info = link && (await blobs.stat(link.blob.digest, signal));
      if (!info) throw unknown(digest);
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
        const { bytes } = await blobs.read(info.digest, range === 'whole' ? { signal } : { range, signal });
        await sendBytes(response, bytes);
      } catch (error) {
        if (!response.headersSent) clearContent(response);
        throw error;
      }
    },

    async DELETE({ repository, digest }, _request, response, signal) {
      if (!isContentDigest(digest)) throw noDigest();
      if (!(await catalog.link(repository, digest, signal))) throw unknown(digest);
      const holder = await manifestWith(catalog, repository, digest, signal);
      if (holder !== undefined) {
        const message = `The manifest ${holder} needs the blob ${digest}. Delete the manifest first.`;
        throw new OciError('UNSUPPORTED', message, { details: [{ digest, manifest: holder }] });
      }
      await catalog.removeLink(repository, digest, signal);
      response.status(202).end();
    },
  };
}

/** The first manifest of the repository that could not be pulled without this blob. */
async function manifestWith(
  catalog: Catalog,
  repository: string,
  digest: ContentDigest,
  signal: AbortSignal,
): Promise<ContentDigest | undefined> {
  for await (const manifest of catalog.manifests(repository, { signal })) {
    const { blobs, manifests } = readOciManifest(manifest.bytes);
    if ([...blobs, ...manifests].some((descriptor) => descriptor.digest === digest)) return manifest.digest;
  }
  return undefined;
}
