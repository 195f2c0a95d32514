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
        const byte = value[at] as number;
        if (byte >= 0x80) return foldedSlowly(value.subarray(start, end));
        if (byte <= space || byte === 0x7f) {
          pendingSpace = length > 0;
          continue;
        }
        if (pendingSpace) {
          bytes[length++] = space;
          pendingSpace = false;
        }
        bytes[length++] = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
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

// Upper case first: it unfolds what has no single lower-case partner (ß, final sigma).
function foldText(text: string): string {
  return text.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC').replaceAll(blanks, ' ').replace(/^ | $/g, '');
}

// White space and the control characters, which the fast way treats as white space too.
const blanks = /[\s\p{Cc}]+/gu;
