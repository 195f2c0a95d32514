import type { Digest } from '../core/index.ts';

/** Entries take some 300 bytes. */
const mostEntries = 20_000;

/** Which blobs were found good lately: hashing each at each pull costs a registry a third of what it can send. */
export type CheckedBlobs = {
  /** Whether the blob was read whole and found good not long ago, and is stored as it was. */
  isGood(digest: Digest, etag: string): boolean;
  /** The same bytes, which are verified as they come; at their end the blob counts as good. */
  noted(digest: Digest, etag: string, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
};

/**
 * For readers that give blobs to clients, who compare them with the digest themselves. Whatever writes to a blob's object changes its etag, so
 * that it is hashed again; what a disk loses without a write is found when `forMs` are over.
 */
export function createCheckedBlobs({ forMs, nowMs }: { readonly forMs: number; readonly nowMs: () => number }): CheckedBlobs {
  const checked = new Map<Digest, { readonly etag: string; readonly atMs: number }>();
  return {
    isGood(digest, etag) {
      const found = checked.get(digest);
      return found !== undefined && found.etag === etag && nowMs() - found.atMs < forMs;
    },
    async *noted(digest, etag, bytes) {
      yield* bytes;
      checked.delete(digest);
      checked.set(digest, { etag, atMs: nowMs() });
      const [oldest] = checked.keys();
      if (checked.size > mostEntries && oldest !== undefined) checked.delete(oldest);
    },
  };
}
