/** 32 letters and digits without those that are taken for each other; five bits each. */
const alphabet = new TextEncoder().encode('abcdefghijkmnpqrstuvwxyz23456789');

export const lettersPer80Bits = 16;

/** Writes the first 80 of a tag's 128 bits as 16 letters and digits, and returns where they end. The other 48 bits may choose words. */
export function write80Bits(tag: Uint32Array, into: Uint8Array, at: number): number {
  const [a, b, c] = [tag[0] as number, tag[1] as number, tag[2] as number];
  for (let shift = 0; shift < 30; shift += 5) into[at++] = alphabet[(a >>> shift) & 31] as number;
  for (let shift = 0; shift < 30; shift += 5) into[at++] = alphabet[(b >>> shift) & 31] as number;
  // Two bits are left of each of the first words, sixteen are taken of the third.
  const rest = (a >>> 30) | ((b >>> 30) << 2) | ((c & 0xffff) << 4);
  for (let shift = 0; shift < 20; shift += 5) into[at++] = alphabet[(rest >>> shift) & 31] as number;
  return at;
}

/** `count` letters and digits, one per number drawn. */
export function writeLetters(draw: { next(): number }, into: Uint8Array, at: number, count: number): number {
  for (let done = 0; done < count; done++) into[at++] = alphabet[draw.next() & 31] as number;
  return at;
}

/** Writes `bytes[start, end)` and returns where they end. A loop: for words of a few bytes, set() costs several times as much. */
export function writeBytes(bytes: Uint8Array, into: Uint8Array, at: number, start = 0, end = bytes.length): number {
  for (let from = start; from < end; from++) into[at++] = bytes[from] as number;
  return at;
}

const slabBytes = 65_536;
/** Up to here the engine keeps an array's bytes with it; larger ones are allocated one by one outside of its heap. */
const shortBytes = 64;
let slab = new Uint8Array(slabBytes);
let slabUsed = 0;

/** New bytes, all zero: parts of one larger piece of memory, which is cheaper than memory for each. */
export function newBytes(length: number): Uint8Array {
  if (length <= shortBytes || length > slabBytes / 8) return new Uint8Array(length);
  if (slabUsed + length > slabBytes) {
    slab = new Uint8Array(slabBytes);
    slabUsed = 0;
  }
  const start = slabUsed;
  slabUsed += length;
  return new Uint8Array(slab.buffer, start, length);
}

/** A copy of a short value, or of its bytes in [start, end). (The slice() of a Buffer shares its bytes; slice() and the constructor's copy are several times slower.) */
export function copyOf(value: Uint8Array, start = 0, end = value.length): Uint8Array {
  const result = newBytes(end - start);
  for (let at = 0; at < result.length; at++) result[at] = value[start + at] as number;
  return result;
}

export function longestOf(items: readonly { readonly length: number }[]): number {
  return items.reduce((longest, { length }) => Math.max(longest, length), 0);
}

/** Equality of `a` and `b[0, length)`. */
export function sameBytes(a: Uint8Array, b: Uint8Array, length: number): boolean {
  if (a.length !== length) return false;
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return false;
  return true;
}
