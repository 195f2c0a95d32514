import {
  type BlobLink,
  type BlobReader,
  type Catalog,
  type ContentDescriptor,
  type ContentDigest,
  isElsewhere,
  type OciManifest,
} from '../../core/index.ts';
import type { Named, OpenPush } from '../../storage/index.ts';
import { OciError } from '../oci-errors.ts';
import type { PushedManifest } from './manifest-upload.ts';

/** Blobs and manifests that are looked up at the same time. */
const lookUpsAtOnce = 8;

export type ManifestPorts = {
  readonly blobs: Pick<BlobReader, 'stat'>;
  readonly catalog: Catalog;
  /** By which it is stored, and taken back. */
  readonly changes: Pick<Catalog, 'putPushedManifest'>;
  readonly takingBack: Pick<Catalog, 'removeManifest'>;
  readonly openPush: OpenPush;
};

/**
 * Stores a pushed manifest whose every part is there, and stays: what a collector took meanwhile is missing as if it had never been there,
 * and the manifest with it.
 * @throws OciError MANIFEST_BLOB_UNKNOWN, MANIFEST_INVALID
 */
export async function storePushedManifest(
  { blobs, catalog, changes, takingBack, openPush }: ManifestPorts,
  repository: string,
  { manifest, content }: Pick<PushedManifest, 'manifest' | 'content'>,
  signal: AbortSignal,
): Promise<void> {
  const push = await openPush(signal);
  const named = await requireContent({ blobs, catalog }, repository, content, signal);
  const wasThere = (await catalog.manifest(repository, manifest.digest, signal)) !== undefined;
  await changes.putPushedManifest(repository, manifest, signal);
  await keepLinks(catalog, repository, named.links);
  const missing = await push.missing(repository, manifest.digest, named);
  if (missing.length === 0) return;
  // One that was there before is not ours to take away.
  if (!wasThere) await push.takeBack(repository, manifest.digest, named, () => takingBack.removeManifest(repository, manifest.digest));
  throw unknownContent(missing);
}

/**
 * Refuses a manifest that could not be pulled from the repository: every blob and every manifest that it names must be there, except
 * layers whose bytes are elsewhere. A subject need not be. Gives what it found.
 * @throws OciError MANIFEST_BLOB_UNKNOWN, MANIFEST_INVALID for a blob of another size.
 */
async function requireContent(
  { blobs, catalog }: Pick<ManifestPorts, 'blobs' | 'catalog'>,
  repository: string,
  content: OciManifest,
  signal: AbortSignal,
): Promise<Named> {
  const links: BlobLink[] = [];
  const manifests: ContentDigest[] = [];
  const missing: ContentDigest[] = [];
  const check = async (descriptor: ContentDescriptor, isManifest: boolean): Promise<void> => {
    const { digest, size } = descriptor;
    // Indexes of build caches name blobs.
    if (isManifest && (await catalog.manifest(repository, digest, signal))) {
      manifests.push(digest);
      return;
    }
    const link = await catalog.link(repository, digest, signal);
    if (!link || !(await blobs.stat(link.blob.digest, signal))) missing.push(digest);
    else if (link.blob.sizeBytes !== size) throw wrongSize(digest, size, link.blob.sizeBytes);
    else links.push(link);
  };
  const wanted = [
    ...content.blobs.filter((blob) => !isElsewhere(blob)).map((blob) => () => check(blob, false)),
    ...content.manifests.map((manifest) => () => check(manifest, true)),
  ];
  await allOf(wanted);
  if (missing.length === 0) return { links, manifests };
  throw unknownContent(missing);
}

/**
 * Makes links again that a deletion took away after they were looked at. That deletion looks for manifests after it has, so whichever
 * comes last, a stored manifest has its blobs.
 */
async function keepLinks(catalog: Catalog, repository: string, links: readonly BlobLink[]): Promise<void> {
  await allOf(links.map((link) => () => catalog.putLink(repository, link)));
}

async function allOf(work: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = [...work];
  const doNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await next();
  };
  await Promise.all(Array.from({ length: lookUpsAtOnce }, doNext));
}

function unknownContent(missing: readonly ContentDigest[]): OciError {
  const details = [...new Set(missing)].sort().map((digest) => ({ digest }));
  return new OciError('MANIFEST_BLOB_UNKNOWN', 'The repository does not have what the manifest names. Push that first.', { details });
}

function wrongSize(digest: ContentDigest, named: number, stored: number): OciError {
  const message = `The manifest says ${named} bytes of a blob that has ${stored}.`;
  return new OciError('MANIFEST_INVALID', message, { details: [{ digest }] });
}
