import type { Request } from 'express';
import {
  type BlobLink,
  type Catalog,
  type ContentDescriptor,
  type ContentDigest,
  contentDigestOf,
  DynDataError,
  digestOf,
  isContentDigest,
  isElsewhere,
  isTag,
  mediaTypeOf,
  type OciManifest,
  readOciManifest,
  requireOciManifest,
  type StoredManifest,
} from '../../core/index.ts';
import { OciError } from '../oci-errors.ts';
import { noDigest } from './content.ts';
import { smallBodyOf } from './request-body.ts';

/** What the specification wants a registry to take at least. */
const maxManifestBytes = 4 * 1024 * 1024;
const maxTags = 50;
/** Blobs and manifests that are looked up at the same time. */
const lookUpsAtOnce = 8;

export type PushedManifest = {
  readonly manifest: StoredManifest<ContentDigest>;
  readonly content: OciManifest;
  /** What it is to be called. */
  readonly tags: readonly string[];
};

/**
 * The manifest of a request, with a digest and a media type that fit to it.
 * @throws OciError DIGEST_INVALID, MANIFEST_INVALID, SIZE_INVALID, TAG_INVALID
 */
export async function readPushedManifest(request: Request, reference: string, stallTimeoutMs: number): Promise<PushedManifest> {
  const isNamedByDigest = reference.includes(':');
  if (isNamedByDigest && !isContentDigest(reference)) throw noDigest();
  const tags = isNamedByDigest ? tagsOfQuery(request) : [reference];
  if (!tags.every(isTag)) throw new OciError('TAG_INVALID', 'A tag is made of letters, digits, ., _ and -, at most 128.');
  const bytes = await smallBodyOf(request, maxManifestBytes, stallTimeoutMs);
  const digest = isContentDigest(reference) ? reference : digestOf(bytes);
  if (contentDigestOf(bytes, digest) !== digest)
    throw new OciError('DIGEST_INVALID', 'The manifest does not have the digest that it was sent as.', { details: [{ digest }] });
  try {
    const mediaType = contentTypeOf(request) ?? mediaTypeOf(readOciManifest(bytes));
    if (mediaType === undefined) throw new OciError('MANIFEST_INVALID', 'The manifest has no media type. Send it as Content-Type.');
    return { manifest: { digest, mediaType, bytes }, content: requireOciManifest(bytes, mediaType), tags };
  } catch (error) {
    if (!(error instanceof DynDataError && error.code === 'MANIFEST_INVALID')) throw error;
    throw new OciError('MANIFEST_INVALID', error.message);
  }
}

/**
 * Refuses a manifest that could not be pulled from the repository: every blob and every manifest that it names must be there, except
 * layers whose bytes are elsewhere. A subject need not be. Gives the links of the blobs.
 * @throws OciError MANIFEST_BLOB_UNKNOWN, MANIFEST_INVALID for a blob of another size.
 */
export async function requireContent(catalog: Catalog, repository: string, content: OciManifest, signal: AbortSignal): Promise<BlobLink[]> {
  const links: BlobLink[] = [];
  const missing: ContentDigest[] = [];
  const check = async (descriptor: ContentDescriptor, isManifest: boolean): Promise<void> => {
    const { digest, size } = descriptor;
    // Indexes of build caches name blobs.
    if (isManifest && (await catalog.manifest(repository, digest, signal))) return;
    const link = await catalog.link(repository, digest, signal);
    if (!link) missing.push(digest);
    else if (link.blob.sizeBytes !== size) throw wrongSize(digest, size, link.blob.sizeBytes);
    else links.push(link);
  };
  const wanted = [
    ...content.blobs.filter((blob) => !isElsewhere(blob)).map((blob) => () => check(blob, false)),
    ...content.manifests.map((manifest) => () => check(manifest, true)),
  ];
  await allOf(wanted);
  if (missing.length === 0) return links;
  const details = [...new Set(missing)].sort().map((digest) => ({ digest }));
  throw new OciError('MANIFEST_BLOB_UNKNOWN', 'The repository does not have what the manifest names. Push that first.', { details });
}

/**
 * Makes links again that a deletion took away after they were looked at. That deletion looks for manifests after it has, so whichever
 * comes last, a stored manifest has its blobs.
 */
export async function keepLinks(catalog: Catalog, repository: string, links: readonly BlobLink[], signal: AbortSignal): Promise<void> {
  await allOf(links.map((link) => () => catalog.putLink(repository, link, signal)));
}

async function allOf(work: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = [...work];
  const doNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await next();
  };
  await Promise.all(Array.from({ length: lookUpsAtOnce }, doNext));
}

function tagsOfQuery(request: Request): string[] {
  const { tag } = request.query;
  const tags = (Array.isArray(tag) ? tag : tag === undefined ? [] : [tag]).map(String);
  if (tags.length > maxTags) throw new OciError('TAG_INVALID', `At most ${maxTags} tags are set at once.`);
  return tags;
}

/** Without parameters, which are no part of a manifest's type. */
function contentTypeOf(request: Request): string | undefined {
  const type = request.headers['content-type']?.split(';')[0]?.trim();
  if (!type) return undefined;
  if (/^[\w.+-]{1,120}\/[\w.+-]{1,120}$/.test(type)) return type;
  throw new OciError('MANIFEST_INVALID', 'The Content-Type is no media type.');
}

function wrongSize(digest: ContentDigest, named: number, stored: number): OciError {
  const message = `The manifest says ${named} bytes of a blob that has ${stored}.`;
  return new OciError('MANIFEST_INVALID', message, { details: [{ digest }] });
}
