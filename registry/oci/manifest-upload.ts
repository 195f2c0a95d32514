import type { Request } from 'express';
import {
  type ContentDigest,
  contentDigestOf,
  DynDataError,
  digestOf,
  isContentDigest,
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
