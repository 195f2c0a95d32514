/**
 * A map from 64-bit tags to 31-bit numbers that are not 0, in bounded memory: a table that grows with them. One tag more than `limit` and the
 * numbers are given up for a Bloom filter of all tags, which then only tells that a tag is there. Neither depends on the order of adding.
 */
export type IdentityTable = {
  /** `merge` decides where the tag is there with another number; its result must not depend on the order. */
  put(low: number, high: number, number: number, merge: (one: number, other: number) => number): void;
  /** The number of a tag, 0 where it is not there, `beyond` where the numbers were given up and it may be there. */
  get(low: number, high: number): number;
};

export const beyond = -1;
/** Tags that the table holds at most: 85 MB. */
export const mostIdentities = 0x50_0000;

const firstSlots = 0x1000;
const mostFilled = 0.75;
const slotWords = 3;
/** 2²⁸ bits, 33 MB; made only when the table is full. */
const bloomBits = 0x1000_0000;
const bloomHashes = 8;

export function createIdentityTable(limit: number = mostIdentities): IdentityTable {
  let slots = firstSlots;
  let words = new Uint32Array(slots * slotWords);
  let used = 0;
  let bloom: Uint8Array | undefined;

  /** Where the tag stands, or would. */
  const slotOf = (low: number, high: number): number => {
    for (let slot = low & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const at = slot * slotWords;
      if (words[at + 2] === 0 || (words[at] === low && words[at + 1] === high)) return at;
    }
  };
  const each = (from: Uint32Array, take: (low: number, high: number, number: number) => void): void => {
    for (let at = 0; at < from.length; at += slotWords) {
      if (from[at + 2] !== 0) take(from[at] as number, from[at + 1] as number, from[at + 2] as number);
    }
  };
  const write = (at: number, low: number, high: number, number: number): void => {
    words[at] = low;
    words[at + 1] = high;
    words[at + 2] = number;
  };
  const grow = (): void => {
    const old = words;
    slots *= 2;
    words = new Uint32Array(slots * slotWords);
    each(old, (low, high, number) => write(slotOf(low, high), low, high, number));
  };
  const bit = (low: number, high: number, turn: number): number => (low + Math.imul(turn, high | 1)) & (bloomBits - 1);
  const addToBloom = (bits: Uint8Array, low: number, high: number): void => {
    for (let turn = 0; turn < bloomHashes; turn++) {
      const place = bit(low, high, turn);
      bits[place >>> 3] = (bits[place >>> 3] as number) | (1 << (place & 7));
    }
  };
  const giveUpNumbers = (): Uint8Array => {
    const bits = new Uint8Array(bloomBits / 8);
    each(words, (low, high) => addToBloom(bits, low, high));
    words = new Uint32Array(0);
    return bits;
  };

  return {
    put(lowWord, highWord, number, merge) {
      const [low, high] = [lowWord >>> 0, highWord >>> 0];
      if (bloom) {
        addToBloom(bloom, low, high);
        return;
      }
      const at = slotOf(low, high);
      const known = words[at + 2] as number;
      if (known !== 0) {
        if (known !== number) words[at + 2] = merge(known, number);
        return;
      }
      if (used === limit) {
        bloom = giveUpNumbers();
        addToBloom(bloom, low, high);
        return;
      }
      write(at, low, high, number);
      used += 1;
      if (used > slots * mostFilled) grow();
    },
    get(lowWord, highWord) {
      const [low, high] = [lowWord >>> 0, highWord >>> 0];
      if (!bloom) return words[slotOf(low, high) + 2] as number;
      for (let turn = 0; turn < bloomHashes; turn++) {
        const place = bit(low, high, turn);
        if (((bloom[place >>> 3] as number) & (1 << (place & 7))) === 0) return 0;
      }
      return beyond;
    },
  };
}
