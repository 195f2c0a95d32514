import { type Digest, digestHex, digestOf } from '../../core/index.ts';

const digestBytes = 32;
/** At most this part of the table is filled before it is doubled. */
const maxLoad = 0.7;

/**
 * A set of SHA-256 digests in one block of memory: 46 to 92 bytes for each, and as much again for a moment while it grows. A million
 * digests are below 100 MB whatever the engine's own objects cost. Digests are evenly spread, so their first bytes are the hash.
 */
export type DigestSet = {
  /** True where it was not there before. */
  add(digest: Digest): boolean;
  has(digest: Digest): boolean;
  readonly size: number;
};

export function createDigestSet(): DigestSet {
  let slots = 1024;
  let table = Buffer.alloc(slots * digestBytes);
  let size = 0;

  /** Offset of the digest, or of the free slot where it belongs. All zeros is a free slot: nobody knows bytes of that digest. */
  const find = (within: Buffer, count: number, bytes: Buffer): number => {
    for (let slot = bytes.readUInt32LE(0) % count; ; slot = (slot + 1) % count) {
      const at = slot * digestBytes;
      if (within.compare(bytes, 0, digestBytes, at, at + digestBytes) === 0 || isFree(within, at)) return at;
    }
  };
  const grow = (): void => {
    const larger = Buffer.alloc(table.length * 2);
    for (let at = 0; at < table.length; at += digestBytes) {
      if (isFree(table, at)) continue;
      const bytes = table.subarray(at, at + digestBytes);
      bytes.copy(larger, find(larger, slots * 2, bytes));
    }
    slots *= 2;
    table = larger;
  };

  return {
    add(digest) {
      if (size >= slots * maxLoad) grow();
      const bytes = Buffer.from(digestHex(digest), 'hex');
      const at = find(table, slots, bytes);
      if (!isFree(table, at)) return false;
      bytes.copy(table, at);
      size += 1;
      return true;
    },
    has(digest) {
      return !isFree(table, find(table, slots, Buffer.from(digestHex(digest), 'hex')));
    },
    get size() {
      return size;
    },
  };
}

function isFree(table: Buffer, at: number): boolean {
  for (let word = at; word < at + digestBytes; word += 4) if (table.readUInt32LE(word) !== 0) return false;
  return true;
}

/** Keys of any kind in a digest set. */
export function keyDigest(key: string): Digest {
  return digestOf(key);
}
