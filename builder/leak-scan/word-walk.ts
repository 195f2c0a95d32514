import { is, isLetterOrDigit, wordByte } from './bytes.ts';

/**
 * Goes from word to word in a text: over blanks, punctuation and signs, but in rows never over the end of a field. A word has a letter or
 * a digit, and no signs at its ends.
 */
export type WordWalk = {
  /** Where the word begins that was last found, and where it ends. */
  readonly start: number;
  readonly end: number;
  /** The word before `at`; false where there is none. @param from nothing before it is looked at */
  before(bytes: Uint8Array, at: number, from: number): boolean;
  /** The word behind `at`. */
  after(bytes: Uint8Array, at: number, to: number): boolean;
};

const tab = 0x09;
const lineFeed = 0x0a;
const backslash = 0x5c;

/** @param isTable whether the text is one of rows, with its escapes: `\t` is then a separator, a tab the end of a field */
export function createWordWalk(isTable: boolean): WordWalk {
  const isFieldEnd = (byte: number): boolean => isTable && (byte === tab || byte === lineFeed);
  /** Whether the byte before `at` is the letter of an escape. */
  const isEscape = (bytes: Uint8Array, at: number, from: number): boolean => {
    if (!isTable || bytes[at - 2] !== backslash) return false;
    let first = at - 2;
    while (first > from && bytes[first - 1] === backslash) first -= 1;
    return (at - 1 - first) % 2 === 1;
  };
  /** Bytes of the separator that ends at `at`; 0 where there is none. */
  const separatorBefore = (bytes: Uint8Array, at: number, from: number): number => {
    if (at <= from) return 0;
    if (at - 2 >= from && isEscape(bytes, at, from)) return 2;
    const byte = bytes[at - 1] as number;
    if (byte < 0x80) return is(byte, wordByte) || isFieldEnd(byte) ? 0 : 1;
    if (at - 2 >= from && separatorBytes(bytes, at - 2) === 2) return 2;
    return at - 3 >= from && separatorBytes(bytes, at - 3) === 3 ? 3 : 0;
  };
  const separatorAfter = (bytes: Uint8Array, at: number, to: number): number => {
    if (at >= to) return 0;
    const byte = bytes[at] as number;
    if (byte >= 0x80) return separatorBytes(bytes, at);
    if (isTable && byte === backslash) return Math.min(2, to - at);
    return is(byte, wordByte) || isFieldEnd(byte) ? 0 : 1;
  };
  let start = 0;
  let end = 0;
  return {
    get start() {
      return start;
    },
    get end() {
      return end;
    },
    before(bytes, at, from) {
      start = at;
      do {
        for (let size = 1; size > 0; start -= size) size = separatorBefore(bytes, start, from);
        end = start;
        while (start > from && is(bytes[start - 1], wordByte) && separatorBefore(bytes, start, from) === 0) start -= 1;
        if (start === end) return false;
      } while (!trim(bytes));
      return true;
    },
    after(bytes, at, to) {
      end = at;
      do {
        for (let size = 1; size > 0; end += size) size = separatorAfter(bytes, end, to);
        start = end;
        while (end < to && is(bytes[end], wordByte) && separatorAfter(bytes, end, to) === 0) end += 1;
        if (start === end) return false;
      } while (!trim(bytes));
      return true;
    },
  };

  /** Without signs at its ends; false, and as it was, where there is nothing else. */
  function trim(bytes: Uint8Array): boolean {
    let first = start;
    for (let size = 1; first < end && size > 0; first += size) size = signBytes(bytes, first);
    if (first >= end) return false;
    start = first;
    while (!isLetterOrDigit(bytes[end - 1])) end -= 1;
    return true;
  }
}

/** Of a sign in a word, or of an accent on no letter; 0 for all others. */
function signBytes(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] as number;
  if (byte < 0x80) return isLetterOrDigit(byte) ? 0 : 1;
  const next = bytes[at + 1] as number;
  return (byte === 0xcc && next >= 0x80 && next < 0xc0) || (byte === 0xcd && next >= 0x80 && next < 0xb0) ? 2 : 0;
}

/** Of a blank or a sign beyond ASCII, U+0080 to U+00BF without its letters and U+2000 to U+203F; 0 for all others. */
function separatorBytes(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  const next = bytes[at + 1] as number;
  if (byte === 0xc2) return next >= 0x80 && next < 0xc0 && next !== 0xaa && next !== 0xb5 && next !== 0xba ? 2 : 0;
  return byte === 0xe2 && next === 0x80 && ((bytes[at + 2] as number) & 0xc0) === 0x80 ? 3 : 0;
}
