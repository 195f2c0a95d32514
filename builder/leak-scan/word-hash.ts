import { isLetterOrDigit, lowered } from './bytes.ts';

export const hashFactor = 0x01000193;
export const hashStart = 0x811c9dc5 | 0;

/** What a byte adds to a word's hash: nothing where it is punctuation or the later byte of a character; alike for all beyond ASCII. */
export const hashParts: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte < 0x80) return isLetterOrDigit(byte) ? (lowered[byte] as number) : 0;
  return byte >= 0xc0 ? 0x80 : 0;
});

/** A quick hash that spellings of one word share; those that it tells apart wrongly are `foldedOddly`. */
export function wordHash(bytes: Uint8Array, from: number, to: number): number {
  let hash = hashStart;
  for (let at = from; at < to; at += 1) {
    const part = hashParts[bytes[at] as number] as number;
    if (part !== 0) hash = nextHash(hash, part);
  }
  return hash;
}

export function nextHash(hash: number, part: number): number {
  return Math.imul(hash ^ part, hashFactor);
}
