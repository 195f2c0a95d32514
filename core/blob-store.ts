import type { Digest } from './digest.ts';
import type { ByteRange } from './object-store.ts';

export type BlobInfo = { readonly digest: Digest; readonly sizeBytes: number };

/** A piece of a composed blob: bytes of its own, or a stored blob. */
export type Segment = { readonly bytes: Uint8Array } | { readonly blob: BlobInfo };

/**
 * Content-addressed bytes. A blob is stored whole, or composed: the concatenation of stored blobs and short inline pieces, so that an
 * image layer made of already stored chunks costs only its tar headers. Readers cannot tell the difference.
 *
 * Contract (test/contracts/blob-store.ts): writing is idempotent; what does not match its digest is refused and leaves nothing;
 * a blob read whole is verified in passing and a damaged one fails with DIGEST_MISMATCH before its last piece; ranges are verified only by a
 * store that serves clients.
 * @throws DynDataError as the object store does, and BLOB_UNKNOWN, DIGEST_MISMATCH.
 */
export type BlobReader = {
  stat(digest: Digest, signal?: AbortSignal): Promise<BlobInfo | undefined>;
  /** @throws BLOB_UNKNOWN */
  read(
    digest: Digest,
    options?: {
      readonly range?: ByteRange;
      /** Whoever reads is done with a piece when he asks for the next one: the store may then write over it. */
      readonly isDoneWithPieces?: boolean;
      readonly signal?: AbortSignal;
    },
  ): Promise<{ info: BlobInfo; bytes: AsyncIterable<Uint8Array> }>;
  /**
   * An address where the store itself gives the blob's bytes, for a while, to whoever has it; undefined for a blob that is not stored whole.
   * Absent where the store is not to be read by others.
   */
  readonly url?: (digest: Digest, signal?: AbortSignal) => Promise<string | undefined>;
};

export type BlobWriter = {
  /** Stores `bytes` under `blob.digest`, or does nothing where it is stored already (`bytes` is then not read). */
  write(blob: BlobInfo, bytes: AsyncIterable<Uint8Array> | Uint8Array, signal?: AbortSignal): Promise<void>;
  /**
   * Registers the concatenation of `segments` as a blob and gives its digest and size. The pieces are read and hashed once; composing
   * the same segments again only looks the result up. @throws BLOB_UNKNOWN where a segment's blob is not stored.
   */
  compose(segments: readonly Segment[], signal?: AbortSignal): Promise<BlobInfo>;
};

export type BlobStore = BlobReader & BlobWriter;

/** A chunk that is stored already: its zstd frame as a blob, found by the digest of its canonical encoding. */
export type ChunkIndex = {
  find(canonical: Digest, signal?: AbortSignal): Promise<BlobInfo | undefined>;
  /** The blob must be stored before. */
  remember(canonical: Digest, stored: BlobInfo, signal?: AbortSignal): Promise<void>;
};
