import type { BlobInfo } from './blob-store.ts';
import type { ContentDigest } from './content-digest.ts';

/** A blob on its way into a repository: what of it has been taken so far. */
export type Upload = {
  readonly id: string;
  readonly repository: string;
  /** Taken for good: these bytes are there after a restart, and for every replica. */
  readonly sizeBytes: number;
  /** Of the state that this is; for the store alone. */
  readonly etag: string;
  readonly pieces: readonly { readonly name: string; readonly sizeBytes: number }[];
};

/**
 * Uploads in pieces, kept in the object store so that any replica goes on with any of them.
 *
 * Contract (test/contracts/uploads.ts): bytes are taken as a whole, by `append` returning, or not at all; of several appends to one state
 * exactly one wins; a blob comes to be only where its bytes give its digest, also where that blob is stored already, so that nobody gets
 * at a blob by its digest alone; what fails leaves nothing; memory is bounded whatever the sizes.
 * @throws DynDataError as the object store does; CONFLICT where the upload is no longer in the given state, DIGEST_MISMATCH; what the
 * source throws passes through.
 */
export type Uploads = {
  begin(repository: string, signal?: AbortSignal): Promise<Upload>;
  /** Undefined where there is none of this id in this repository. */
  find(repository: string, id: string, signal?: AbortSignal): Promise<Upload | undefined>;
  append(upload: Upload, bytes: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<Upload>;
  /** Stores what was taken as a blob and ends the upload, which a wrong digest does too. */
  complete(upload: Upload, digest: ContentDigest, signal?: AbortSignal): Promise<BlobInfo>;
  /** Forgets it and its bytes. */
  cancel(upload: Upload, signal?: AbortSignal): Promise<void>;
  /** A whole blob at once; `sizeBytes` where it is known beforehand. */
  receive(
    repository: string,
    digest: ContentDigest,
    bytes: AsyncIterable<Uint8Array>,
    options?: { readonly sizeBytes?: number; readonly signal?: AbortSignal },
  ): Promise<BlobInfo>;
  /** Cancels uploads in which nothing was done since `before`, with whatever broken ones left; gives their number. */
  removeAbandoned(before: Date, signal?: AbortSignal): Promise<number>;
};
