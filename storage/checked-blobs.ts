import { type Digest, DynDataError } from '../core/index.ts';

/** Entries take some 300 bytes. */
const mostEntries = 20_000;

/** What was found of blobs lately, each in the state that it had then: hashing each at each pull costs a registry a third of what it can send. */
export type CheckedBlobs = {
  /** Whether the blob was read whole and found good not long ago, and is stored as it was. */
  isGood(digest: Digest, state: string): boolean;
  /** Whether the blob was damaged when it was read last, in whatever state. */
  isInDoubt(digest: Digest): boolean;
  /** @throws DIGEST_MISMATCH where the blob was found damaged a moment ago, and is stored as it was. */
  requireNotDamaged(digest: Digest, state: string): void;
  /** The same bytes, which are verified as they come; at their end the blob counts as good, and as damaged where they end with DIGEST_MISMATCH. */
  noted(digest: Digest, state: string, bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
};

type CheckedBlobsOptions = {
  /** How long one that was found good is not hashed again. */
  readonly goodForMs: number;
  /** How long one that was found damaged is refused without being hashed again. */
  readonly damagedForMs: number;
  readonly nowMs: () => number;
  /** Called each time that a blob is read and found damaged. */
  readonly onDamaged?: (digest: Digest) => void;
};

/**
 * For readers that give blobs to clients. Whatever writes to a blob's object changes its state, so that it is hashed again; what a disk loses
 * without a write is found when `goodForMs` are over.
 */
export function createCheckedBlobs({ goodForMs, damagedForMs, nowMs, onDamaged }: CheckedBlobsOptions): CheckedBlobs {
  const found = new Map<Digest, { readonly verdict: 'good' | 'damaged'; readonly state: string; readonly atMs: number }>();
  const note = (digest: Digest, verdict: 'good' | 'damaged', state: string): void => {
    found.delete(digest);
    found.set(digest, { verdict, state, atMs: nowMs() });
    const [oldest] = found.keys();
    if (found.size > mostEntries && oldest !== undefined) found.delete(oldest);
  };
  const isLately = (digest: Digest, verdict: 'good' | 'damaged', state: string, forMs: number): boolean => {
    const last = found.get(digest);
    return last?.verdict === verdict && last.state === state && nowMs() - last.atMs < forMs;
  };
  return {
    isGood: (digest, state) => isLately(digest, 'good', state, goodForMs),
    isInDoubt: (digest) => found.get(digest)?.verdict === 'damaged',
    requireNotDamaged(digest, state) {
      if (isLately(digest, 'damaged', state, damagedForMs)) throw damagedBlob(digest);
    },
    async *noted(digest, state, bytes) {
      try {
        yield* bytes;
      } catch (error) {
        if (error instanceof DynDataError && error.code === 'DIGEST_MISMATCH') {
          note(digest, 'damaged', state);
          onDamaged?.(digest);
        }
        throw error;
      }
      note(digest, 'good', state);
    },
  };
}

function damagedBlob(digest: Digest): DynDataError {
  return new DynDataError(
    'DIGEST_MISMATCH',
    `The blob ${digest} is damaged in the registry's storage and is not given out. Whoever runs the registry restores it from a backup; a verify job names what else is damaged.`,
  );
}
