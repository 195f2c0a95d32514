/**
 * A set of 64-bit tags in bounded memory, each with up to eight marks, which are bits of a byte. Up to `limit` tags it is exact: an
 * open-addressing table, 101 MB, that is at most four fifths full. What comes beyond goes into a Bloom filter of a fixed size, whose rate of
 * false positives `falsePositiveRate` tells. What the set says of itself does not depend on the order in which things were added.
 */
export type TagSet = {
  /** Adds one mark to a tag. */
  add(low: number, high: number, mark: number): void;
  /** The marks of a tag; 0 where it is not there. */
  marksOf(low: number, high: number): number;
  /** How many tags have a mark. */
  count(mark: number): number;
  /** Marks beyond the exact table. */
  readonly overflow: number;
  /** Of one question to the Bloom filter; 0 while it is not used. */
  readonly falsePositiveRate: number;
};

/** Tags of the exact table: four fifths of its 2²⁴ slots, 6 bytes each. It has this size from the start: memory does not depend on the source's size. */
export const exactLimit = 13_421_772;
const slots = 0x100_0000;
/** 2³⁰ bits, 134 MB; made only when the exact table is full. */
const bloomBits = 0x4000_0000;
const bloomHashes = 16;
const empty = 0;
const marks = Array.from({ length: 8 }, (_, bit) => 1 << bit);

export function createTagSet(limit: number = exactLimit): TagSet {
  // 24 bits of the tag's high word say where it stands, its other bits stand there: none is lost.
  const lows = new Uint32Array(slots);
  const highs = new Uint8Array(slots);
  const marked = new Uint8Array(slots);
  let used = 0;
  const counts = new Float64Array(8);
  let bloom: Uint8Array | undefined;

  const slotOf = (low: number, high: number): number => {
    const top = high >>> 24;
    let slot = high & (slots - 1);
    while (marked[slot] !== empty && (lows[slot] !== low || highs[slot] !== top)) slot = (slot + 1) & (slots - 1);
    return slot;
  };
  const bloomBit = (low: number, high: number, mark: number, turn: number): number =>
    ((low ^ Math.imul(mark, 0x9e3779b1)) + Math.imul(turn, high | 1)) & (bloomBits - 1);
  const addToBloom = (bits: Uint8Array, low: number, high: number, mark: number): boolean => {
    let fresh = false;
    for (let turn = 0; turn < bloomHashes; turn += 1) {
      const bit = bloomBit(low, high, mark, turn);
      const mask = 1 << (bit & 7);
      if (((bits[bit >>> 3] as number) & mask) === 0) {
        fresh = true;
        bits[bit >>> 3] = (bits[bit >>> 3] as number) | mask;
      }
    }
    return fresh;
  };
  const inBloom = (bits: Uint8Array, low: number, high: number, mark: number): boolean => {
    for (let turn = 0; turn < bloomHashes; turn += 1) {
      const bit = bloomBit(low, high, mark, turn);
      if (((bits[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  };
  const overflow = (): number => Math.max(0, counts.reduce((sum, count) => sum + count, 0) - limit);

  return {
    add(lowWord, highWord, mark) {
      const low = lowWord >>> 0;
      const high = highWord >>> 0;
      const slot = slotOf(low, high);
      if (marked[slot] !== empty) {
        if (((marked[slot] as number) & mark) !== 0) return;
        marked[slot] = (marked[slot] as number) | mark;
      } else if (used < limit) {
        lows[slot] = low;
        highs[slot] = high >>> 24;
        marked[slot] = mark;
        used += 1;
      } else {
        bloom ??= new Uint8Array(bloomBits / 8);
        if (!addToBloom(bloom, low, high, mark)) return;
      }
      const bit = 31 - Math.clz32(mark);
      counts[bit] = (counts[bit] as number) + 1;
    },
    marksOf(lowWord, highWord) {
      const low = lowWord >>> 0;
      const high = highWord >>> 0;
      const slot = slotOf(low, high);
      if (marked[slot] !== empty) return marked[slot] as number;
      if (!bloom) return 0;
      let found = 0;
      for (const mark of marks) if (inBloom(bloom, low, high, mark)) found |= mark;
      return found;
    },
    count: (mark) => counts[31 - Math.clz32(mark)] as number,
    get overflow() {
      return overflow();
    },
    get falsePositiveRate() {
      return overflow() === 0 ? 0 : (1 - Math.exp((-bloomHashes * overflow()) / bloomBits)) ** bloomHashes;
    },
  };
}
