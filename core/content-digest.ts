import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { type Digest, isDigest } from './digest.ts';
import { DynDataError } from './errors.ts';

/**
 * A digest as the OCI specifications allow it: of SHA-256, or of SHA-512, which other tools may use for what they push. dyn-data itself
 * names everything by SHA-256.
 */
export type ContentDigest = Digest | `sha512:${string}`;

export const contentDigestPattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export const contentDigestSchema = z.string().check(z.regex(contentDigestPattern)) as unknown as z.ZodMiniType<ContentDigest>;

export function isContentDigest(text: string): text is ContentDigest {
  return contentDigestPattern.test(text);
}

/** The digest of these bytes by the algorithm of `like`. */
export function contentDigestOf(bytes: Uint8Array, like: ContentDigest): ContentDigest {
  const hashing = createContentHash(like);
  hashing.update(bytes);
  return hashing.sameAlgorithm();
}

export type ContentHash = {
  update(bytes: Uint8Array): void;
  /** By the algorithm of the digest that was given. May be called once. */
  sameAlgorithm(): ContentDigest;
  /** By SHA-256. May be called once. */
  sha256(): Digest;
  readonly sizeBytes: number;
};

/** An incremental digest by the algorithm of `like` and by SHA-256, in one pass where both are the same. */
export function createContentHash(like: ContentDigest): ContentHash {
  const canonical = createHash('sha256');
  const other = isDigest(like) ? undefined : createHash('sha512');
  let digest: Digest | undefined;
  let sizeBytes = 0;
  const sha256 = (): Digest => {
    digest ??= `sha256:${canonical.digest('hex')}`;
    return digest;
  };
  return {
    update(bytes) {
      canonical.update(bytes);
      other?.update(bytes);
      sizeBytes += bytes.byteLength;
    },
    sameAlgorithm: () => (other ? `sha512:${other.digest('hex')}` : sha256()),
    sha256,
    get sizeBytes() {
      return sizeBytes;
    },
  };
}

export function notItsDigest(what: string, digest: ContentDigest): DynDataError {
  return new DynDataError('DIGEST_MISMATCH', `${what} is not what its digest ${digest} says. Nothing was stored; send it again.`);
}
