import { appendCodeUnit } from './decode.ts';

/** Text in UTF-16, of both byte orders, in binary data. */

/** So many letters of ASCII in a row, a zero byte with each, are taken for the beginning of such a text. */
export const shortestWide = 5;

/** Writes the texts in UTF-16 that stand in `bytes[0, length)` as UTF-8, a line break after each. `into` has room for four times as much. */
export function decodeWideTexts(bytes: Uint8Array, length: number, into: Uint8Array): number {
  let written = 0;
  /** @returns the end of the text */
  const write = (from: number, low: number): number => {
    let at = from;
    for (; at + 1 < length; at += 2) {
      const unit = unitAt(bytes, at, low);
      if (!isLetter(unit)) break;
      written = appendCodeUnit(unit, into, written);
    }
    into[written++] = 0x0a;
    return at;
  };
  for (let start = 0; start + 1 < length; start += 1) {
    const lowFirst = isAsciiPair(bytes, start, start + 1);
    if (!lowFirst && !isAsciiPair(bytes, start + 1, start)) continue;
    const low = lowFirst ? 0 : 1;
    let letters = 0;
    while (letters < shortestWide && isAsciiPair(bytes, start + 2 * letters + low, start + 2 * letters + 1 - low)) letters += 1;
    if (letters < shortestWide) continue;
    // Letters beyond ASCII before the first one of ASCII belong to it.
    let from = start;
    while (from >= 2 && isLetter(unitAt(bytes, from - 2, low))) from -= 2;
    // The zero may belong to a letter before it.
    if (!lowFirst && from > 0 && isLetter(unitAt(bytes, from - 1, 0))) write(from - 1, 0);
    start = write(from, low) - 1;
  }
  return written;
}

function isAsciiPair(bytes: Uint8Array, low: number, high: number): boolean {
  const byte = bytes[low] as number;
  return bytes[high] === 0 && byte >= 0x20 && byte < 0x7f;
}

function unitAt(bytes: Uint8Array, at: number, low: number): number {
  return ((bytes[at + 1 - low] as number) << 8) | (bytes[at + low] as number);
}

/** White space, the Latin, Greek and Cyrillic letters, and punctuation. */
function isLetter(unit: number): boolean {
  return (unit >= 0x20 && unit < 0x530) || unit === 0x09 || unit === 0x0a || unit === 0x0d || (unit >= 0x1e00 && unit < 0x2040);
}
