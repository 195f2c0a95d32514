/**
 * A set of 64-bit tags in bounded memory, each with marks. Up to `limit` tags it is exact: an open-addressing table, 101 MB, that is at most
 * four fifths full. Tags beyond go into a Bloom filter of a fixed size, whose rate of false positives `falsePositiveRate` tells.
 */
export type TagSet = {
  /** Adds marks to a tag; true where the tag was not there. */
  add(low: number, high: number, marks: number): boolean;
  /** The marks of a tag; 0 where it is not there, `overflowMark` where only the Bloom filter knows it. */
  marksOf(low: number, high: number): number;
  /** How many tags of the exact table have each of the 256 combinations of marks. */
  countByMarks(): Uint32Array;
  /** Tags in the Bloom filter. */
  readonly overflow: number;
  /** Of one question to the Bloom filter; 0 while it is not used. */
  readonly falsePositiveRate: number;
};

/** Tags of the exact table: four fifths of its 2²⁴ slots, 6 bytes each. It has this size from the start: memory does not depend on the source's size. */
export const exactLimit = 13_421_772;
const slots = 0x100_0000;
export const overflowMark = 1;
/** 2³⁰ bits, 134 MB; made only when the exact table is full. */
const bloomBits = 0x4000_0000;
const bloomHashes = 16;
const empty = 0;

export function createTagSet(limit: number = exactLimit): TagSet {
  // 24 bits of the tag's high word say where it stands, its other bits stand there: none is lost.
  const lows = new Uint32Array(slots);
  const highs = new Uint8Array(slots);
  const marked = new Uint8Array(slots);
  let used = 0;
  let overflow = 0;
  let bloom: Uint8Array | undefined;

  const slotOf = (low: number, high: number): number => {
    const top = high >>> 24;
    let slot = high & (slots - 1);
    while (marked[slot] !== empty && (lows[slot] !== low || highs[slot] !== top)) slot = (slot + 1) & (slots - 1);
    return slot;
  };
  const addToBloom = (bits: Uint8Array, low: number, high: number): boolean => {
    let fresh = false;
    for (let turn = 0; turn < bloomHashes; turn += 1) {
      const bit = (low + Math.imul(turn, high | 1)) & (bloomBits - 1);
      const mask = 1 << (bit & 7);
      if (((bits[bit >>> 3] as number) & mask) === 0) {
        fresh = true;
        bits[bit >>> 3] = (bits[bit >>> 3] as number) | mask;
      }
    }
    return fresh;
  };
  const inBloom = (bits: Uint8Array, low: number, high: number): boolean => {
    for (let turn = 0; turn < bloomHashes; turn += 1) {
      const bit = (low + Math.imul(turn, high | 1)) & (bloomBits - 1);
      if (((bits[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  };

  return {
    add(lowWord, highWord, marks) {
      const low = lowWord >>> 0;
      const high = highWord >>> 0;
      const slot = slotOf(low, high);
      if (marked[slot] !== empty) {
        marked[slot] = (marked[slot] as number) | marks;
        return false;
      }
      if (used >= limit) {
        bloom ??= new Uint8Array(bloomBits / 8);
        const fresh = addToBloom(bloom, low, high);
        if (fresh) overflow += 1;
        return fresh;
      }
      lows[slot] = low;
      highs[slot] = high >>> 24;
      marked[slot] = marks;
      used += 1;
      return true;
    },
    marksOf(lowWord, highWord) {
      const low = lowWord >>> 0;
      const high = highWord >>> 0;
      const slot = slotOf(low, high);
      if (marked[slot] !== empty) return marked[slot] as number;
      return bloom && inBloom(bloom, low, high) ? overflowMark : 0;
    },
    countByMarks() {
      const counts = new Uint32Array(256);
      for (let slot = 0; slot < slots; slot += 1) {
        const marks = marked[slot] as number;
        if (marks !== empty) counts[marks] = (counts[marks] as number) + 1;
      }
      return counts;
    },
    get overflow() {
      return overflow;
    },
    get falsePositiveRate() {
      return overflow === 0 ? 0 : (1 - Math.exp((-bloomHashes * overflow) / bloomBits)) ** bloomHashes;
    },
  };
}
