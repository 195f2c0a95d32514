import type { Request } from 'express';
import { type Catalog, type ContentDigest, isContentDigest, readOciManifest } from '../../core/index.ts';
import { parseRange } from '../byte-range.ts';
import { OciError } from '../oci-errors.ts';
import { sendBytes } from '../streaming.ts';
import { clearContent, noDigest, sendNotModified, setContent } from './content.ts';
import type { Handlers, OciPorts } from './handling.ts';

type BlobPorts = Pick<OciPorts, 'blobs' | 'catalog' | 'changing' | 'guard' | 'openPush'>;

/** Blobs as a repository has them: what is not linked to it is unknown there, whoever else has it. */
export function blobHandlers({ blobs, catalog, changing, guard, openPush }: BlobPorts): Handlers<'blob'> {
  const unknown = (digest: string): OciError =>
    new OciError('BLOB_UNKNOWN', `The repository has no blob ${digest}.`, { details: [{ digest }] });

  return {
    async GET({ repository, digest }, request, response, signal) {
      if (!isContentDigest(digest)) throw noDigest();
      const isAsking = request.method === 'HEAD';
      const push = isAsking && guard.mayPush(request) ? await openPush(signal) : undefined;
      const link = await catalog.link(repository, digest, signal);
      if (!link) throw unknown(digest);
      const { digest: stored, sizeBytes } = link.blob;
      setContent(response, digest, 'application/octet-stream', sizeBytes);
      response.set({ 'Accept-Ranges': 'bytes', 'Cache-Control': 'private, max-age=31536000, immutable' });
      try {
        // One who pushes asks this and then leaves the bytes out, so they must be there, and stay.
        if (isAsking && !(await blobs.stat(stored, signal))) throw unknown(digest);
        if (push && !(await push.hold(repository, link, signal))) throw unknown(digest);
        if (sendNotModified(request, response, digest)) return;
        if (isAsking) {
          response.end();
          return;
        }
        const url = await blobs.url?.(stored, signal);
        if (url !== undefined) {
          clearContent(response);
          // Whoever asks with a range asks there with it again. The address is good for a while only.
          response.status(307).set({ Location: url, 'Docker-Content-Digest': digest, 'Cache-Control': 'no-store' }).end();
          return;
        }
        const range = rangeOf(request, digest, sizeBytes);
        if (range === 'unsatisfiable') throw new OciError('RANGE_INVALID', `The blob has ${sizeBytes} bytes.`);
        if (range !== 'whole') {
          response.status(206).set({
            'Content-Range': `bytes ${range.start}-${range.end - 1}/${sizeBytes}`,
            'Content-Length': String(range.end - range.start),
          });
        }
        const { bytes } = await blobs.read(stored, { ...(range === 'whole' ? {} : { range }), isDoneWithPieces: true, signal });
        await sendBytes(response, bytes);
      } catch (error) {
        if (!response.headersSent) clearContent(response);
        if (error instanceof OciError && error.ociCode === 'RANGE_INVALID') response.set('Content-Range', `bytes */${sizeBytes}`);
        throw error;
      }
    },

    async DELETE({ repository, digest }, _request, response, signal) {
      if (!isContentDigest(digest)) throw noDigest();
      const link = await catalog.link(repository, digest, signal);
      if (!link) throw unknown(digest);
      const requireUnneeded = async (): Promise<void> => {
        const manifest = await manifestWith(catalog, repository, digest, signal);
        if (manifest !== undefined) throw needed(digest, manifest);
      };
      await requireUnneeded();
      await changing(response).removeLink(repository, digest, signal);
      // A manifest may have come since we looked. One that comes after this finds no link, or makes it again.
      await requireUnneeded().catch(async (error: unknown) => {
        await catalog.putLink(repository, link);
        throw error;
      });
      response.status(202).end();
    },
  };
}

function needed(digest: ContentDigest, manifest: ContentDigest): OciError {
  const message = `The manifest ${manifest} needs the blob ${digest}. Delete the manifest first.`;
  return new OciError('UNSUPPORTED', message, { details: [{ digest, manifest }] });
}

/** What of the blob is wanted; all of it where the client holds a part of something else. */
function rangeOf(request: Request, digest: ContentDigest, sizeBytes: number): ReturnType<typeof parseRange> {
  const condition = request.headers['if-range'];
  return condition !== undefined && condition !== `"${digest}"` ? 'whole' : parseRange(request.headers.range, sizeBytes);
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
