/** 1 MB in all: what fits into a processor's cache. */
const slots = 0x4000;
const slotBytes = 64;
const longestPassed = slotBytes - 1;
const hashFactor = 0x01000193;

/**
 * Remembers texts that were looked up and are not watched, as they are: the same words come again and again. It compares whole texts: it can
 * forget, never mistake one for another.
 */
export type PassedTexts = {
  has(bytes: Uint8Array, from: number, to: number): boolean;
  /** The text that `has` was last asked for and did not know, with a number to be kept. */
  add(bytes: Uint8Array, from: number, to: number, number?: number): void;
  /** The number of the text that `has` was last asked for and knew. */
  kept(): number;
  /** To be called when more values are watched. */
  forget(): void;
};

export function createPassedTexts(): PassedTexts {
  /** Of each slot the text's length, 0 where there is none, and the text. */
  const memory = new Uint8Array(slots * slotBytes);
  const numbers = new Int32Array(slots);
  let slot = 0;

  return {
    has(bytes, from, to) {
      const length = to - from;
      if (length > longestPassed) return false;
      let hash = length;
      for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), hashFactor);
      slot = ((hash ^ (hash >>> 15)) & (slots - 1)) * slotBytes;
      if (memory[slot] !== length) return false;
      for (let at = 0; at < length; at += 1) if (memory[slot + 1 + at] !== bytes[from + at]) return false;
      return true;
    },
    add(bytes, from, to, number = 0) {
      const length = to - from;
      if (length > longestPassed) return;
      memory[slot] = length;
      numbers[slot / slotBytes] = number;
      for (let at = 0; at < length; at += 1) memory[slot + 1 + at] = bytes[from + at] as number;
    },
    kept: () => numbers[slot / slotBytes] as number,
    forget: () => void memory.fill(0),
  };
}
