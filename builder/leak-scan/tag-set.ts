/**
 * A set of 64-bit tags in bounded memory, each with marks. Up to `limit` tags it is exact: an open-addressing table of 9 bytes a slot that is
 * at most four fifths full. Tags beyond go into a Bloom filter of a fixed size, whose rate of false positives `falsePositiveRate` tells.
 */
export type TagSet = {
  /** Adds marks to a tag; true where the tag was not there. */
  add(low: number, high: number, marks: number): boolean;
  /** The marks of a tag; 0 where it is not there, `overflowMark` where only the Bloom filter knows it. */
  marksOf(low: number, high: number): number;
  /** Tags of the exact table whose marks are told by `wanted`. */
  count(wanted: (marks: number) => boolean): number;
  /** Tags in the Bloom filter. */
  readonly overflow: number;
  /** Of one question to the Bloom filter; 0 while it is not used. */
  readonly falsePositiveRate: number;
};

/** What fills a table of 2²⁴ slots, 151 MB. */
export const exactLimit = 13_421_772;
export const overflowMark = 1;
/** 2³⁰ bits, 134 MB; made only when the exact table is full. */
const bloomBits = 0x4000_0000;
const bloomHashes = 16;
/** 151 MB, all that the exact table may take, from the start: memory is the same whatever the source's size. */
const firstSlots = 0x100_0000;
const fullness = 0.8;
const empty = 0;

export function createTagSet(limit: number = exactLimit): TagSet {
  let slots = firstSlots;
  let lows = new Uint32Array(slots);
  let highs = new Uint32Array(slots);
  let marked = new Uint8Array(slots);
  let used = 0;
  let overflow = 0;
  let bloom: Uint8Array | undefined;

  const slotOf = (low: number, high: number): number => {
    let slot = low & (slots - 1);
    while (marked[slot] !== empty && (lows[slot] !== low || highs[slot] !== high)) slot = (slot + 1) & (slots - 1);
    return slot;
  };
  const grow = (): void => {
    const [oldLows, oldHighs, oldMarked] = [lows, highs, marked];
    slots *= 2;
    lows = new Uint32Array(slots);
    highs = new Uint32Array(slots);
    marked = new Uint8Array(slots);
    for (let old = 0; old < oldMarked.length; old += 1) {
      if (oldMarked[old] === empty) continue;
      const slot = slotOf(oldLows[old] as number, oldHighs[old] as number);
      lows[slot] = oldLows[old] as number;
      highs[slot] = oldHighs[old] as number;
      marked[slot] = oldMarked[old] as number;
    }
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
      let slot = slotOf(low, high);
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
      if (used + 1 > slots * fullness) {
        grow();
        slot = slotOf(low, high);
      }
      lows[slot] = low;
      highs[slot] = high;
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
    count(wanted) {
      let found = 0;
      for (const marks of marked) if (marks !== empty && wanted(marks)) found += 1;
      return found;
    },
    get overflow() {
      return overflow;
    },
    get falsePositiveRate() {
      return overflow === 0 ? 0 : (1 - Math.exp((-bloomHashes * overflow) / bloomBits)) ** bloomHashes;
    },
  };
}
