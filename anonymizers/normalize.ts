import { isUtf8 } from 'node:buffer';

/**
 * Brings a value to the form it is keyed by, so that spellings of one value get one pseudonym. The form stands in `bytes[0, length)`
 * until the next call; `bytes` may be replaced by a call, so read it after.
 */
export type Normalizer = {
  readonly bytes: Uint8Array;
  /**
   * For e-mails, logins, names of people and companies: white space trimmed and collapsed, NFC, case folded.
   * Bytes that are not UTF-8 are taken as they are, marked so that no text equals them.
   * @param start of the value, and its end, where it is not all of the bytes
   * @returns the length in bytes
   */
  folded(value: Uint8Array, start?: number, end?: number): number;
  /** For tokens and addresses of machines: the bytes as they are. @returns the length in bytes */
  exact(value: Uint8Array): number;
};

const space = 0x20;

export function createNormalizer(): Normalizer {
  let bytes = new Uint8Array(256);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const reserve = (lengthBytes: number): void => {
    if (bytes.length < lengthBytes) bytes = new Uint8Array(lengthBytes * 2);
  };

  const foldedSlowly = (value: Uint8Array): number => {
    if (!isUtf8(value)) {
      reserve(value.length + 1);
      bytes[0] = 0xff;
      bytes.set(value, 1);
      return value.length + 1;
    }
    const text = foldText(decoder.decode(value));
    reserve(text.length * 3);
    return encoder.encodeInto(text, bytes).written;
  };

  return {
    get bytes() {
      return bytes;
    },
    folded(value, start = 0, end = value.length) {
      reserve(end - start);
      let length = 0;
      let pendingSpace = false;
      for (let at = start; at < end; at++) {
        let letter = value[at] as number;
        if (letter >= 0x80) {
          letter = at + 1 < end ? foldedLatin(letter, value[at + 1] as number) : 0;
          if (letter === 0) return foldedSlowly(value.subarray(start, end));
          at += 1;
        } else if (letter >= 0x41 && letter <= 0x5a) letter += 0x20;
        if (letter <= space || letter === 0x7f) {
          pendingSpace = length > 0;
          continue;
        }
        if (pendingSpace) {
          bytes[length++] = space;
          pendingSpace = false;
        }
        if (letter < 0x80) bytes[length++] = letter;
        else {
          bytes[length++] = 0xc0 | (letter >>> 6);
          bytes[length++] = 0x80 | (letter & 0x3f);
        }
      }
      return length;
    },
    exact(value) {
      reserve(value.length);
      bytes.set(value);
      return value.length;
    },
  };
}

// White space and the control characters, which the fast way treats as white space too.
const blanks = /[\s\p{Cc}]+/gu;

// Upper case first: it unfolds what has no single lower-case partner (ß, final sigma).
function foldText(text: string): string {
  return text.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC').replaceAll(blanks, ' ').replace(/^ | $/g, '');
}

const [firstLatin, endOfLatin] = [0x80, 0x280];
/**
 * What the letters of Latin alphabets beyond ASCII are folded to: one character of at most two bytes, a space for what is blank, 0 for what takes
 * the slow way. None of them goes together with one beside it, so each can be folded by itself.
 */
const latin = Uint16Array.from({ length: endOfLatin - firstLatin }, (_, index) => {
  const folded = foldText(String.fromCharCode(firstLatin + index));
  if (folded === '') return space;
  return folded.length === 1 && folded.charCodeAt(0) < 0x800 ? folded.charCodeAt(0) : 0;
});

/** Of the two bytes of a character; 0 where it is none that is folded by itself. */
function foldedLatin(first: number, second: number): number {
  if (first < 0xc2 || first > 0xc9 || (second & 0xc0) !== 0x80) return 0;
  return latin[(((first & 0x1f) << 6) | (second & 0x3f)) - firstLatin] as number;
}
