import { type Catalog, type ContentDigest, isContentDigest, isTag } from '../../core/index.ts';
import { OciError } from '../oci-errors.ts';
import { noDigest, sendCreated, sendNotModified, setContent } from './content.ts';
import type { Handlers, OciPorts } from './handling.ts';
import { storePushedManifest } from './manifest-storing.ts';
import { readPushedManifest } from './manifest-upload.ts';

/** Manifests by tag or digest, byte for byte as they were pushed, whatever their kind. */
export function manifestHandlers({
  blobs,
  catalog,
  changing,
  takingBack,
  openPush,
  bodyStallTimeoutMs,
}: Pick<OciPorts, 'blobs' | 'bodyStallTimeoutMs' | 'catalog' | 'changing' | 'openPush' | 'takingBack'>): Handlers<'manifest'> {
  return {
    async GET({ repository, reference }, request, response, signal) {
      const digest = await digestOfReference(catalog, repository, reference, signal);
      const found = digest && (await catalog.manifest(repository, digest, signal));
      if (!found) throw unknown(reference);
      setContent(response, found.digest, found.mediaType, found.bytes.byteLength);
      if (sendNotModified(request, response, found.digest)) return;
      if (request.method === 'HEAD') response.end();
      else response.end(found.bytes);
    },

    async PUT({ repository, reference }, request, response, signal) {
      const { manifest, content, tags } = await readPushedManifest(request, reference, bodyStallTimeoutMs);
      const changes = changing(response);
      const storing = { blobs, catalog, changes, takingBack: takingBack(response), openPush };
      await storePushedManifest(storing, repository, { manifest, content }, signal);
      for (const tag of tags) await changes.moveTag(repository, tag, manifest.digest, { signal });
      if (content.subject !== undefined) response.set('OCI-Subject', content.subject);
      if (tags.length > 0) response.set('OCI-Tag', tags.join(', '));
      sendCreated(response, `/v2/${repository}/manifests/${manifest.digest}`, manifest.digest);
    },

    async DELETE({ repository, reference }, _request, response, signal) {
      if (reference.includes(':')) {
        if (!isContentDigest(reference)) throw noDigest();
        if (!(await changing(response).removeManifest(repository, reference, signal))) throw unknown(reference);
      } else {
        if (!isTag(reference) || !(await catalog.tag(repository, reference, signal))) throw unknown(reference);
        await changing(response).removeTag(repository, reference, { signal });
      }
      response.status(202).end();
    },
  };
}

async function digestOfReference(
  catalog: Catalog,
  repository: string,
  reference: string,
  signal: AbortSignal,
): Promise<ContentDigest | undefined> {
  if (isContentDigest(reference)) return reference;
  if (reference.includes(':')) throw noDigest();
  return isTag(reference) ? (await catalog.tag(repository, reference, signal))?.digest : undefined;
}

function unknown(reference: string): OciError {
  return new OciError('MANIFEST_UNKNOWN', `The repository has no manifest "${reference}".`, { details: [{ reference }] });
}
