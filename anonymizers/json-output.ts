import { isUtf8 } from 'node:buffer';
import { backslash, quote } from './json-text.ts';
import { newBytes } from './pseudonym-bytes.ts';

/** A JSON text that is written piece by piece. */
export type JsonOutput = {
  begin(): void;
  byte(byte: number): void;
  /** What is JSON already: `bytes[start, end)`. */
  raw(bytes: Uint8Array, start: number, end: number): void;
  /** Text, as a string with its quotes. Bytes that are no UTF-8 become replacement characters. */
  string(text: Uint8Array): void;
  text(json: string): void;
  /** A copy of what was written. */
  take(): Uint8Array;
};

/** Of one letter, `"\u0001"` takes most. */
const mostPerByte = 6;

export function createJsonOutput(): JsonOutput {
  let written = new Uint8Array(1024);
  let length = 0;
  const encoder = new TextEncoder();
  const reserve = (more: number): void => {
    if (length + more <= written.length) return;
    const larger = new Uint8Array((length + more) * 2);
    larger.set(written.subarray(0, length));
    written = larger;
  };
  const text = (json: string): void => {
    reserve(json.length * 3);
    length += encoder.encodeInto(json, written.subarray(length)).written;
  };

  return {
    text,
    begin() {
      length = 0;
    },
    byte(byte) {
      reserve(1);
      written[length] = byte;
      length += 1;
    },
    raw(bytes, start, end) {
      reserve(end - start);
      for (let at = start; at < end; at += 1) written[length + at - start] = bytes[at] as number;
      length += end - start;
    },
    string(value) {
      reserve(value.length * mostPerByte + 2);
      const from = length;
      let isAscii = true;
      written[length++] = quote;
      for (let at = 0; at < value.length; at += 1) {
        const byte = value[at] as number;
        if (byte < 0x20 || byte === quote || byte === backslash) {
          length = from;
          return text(JSON.stringify(textOf(value)));
        }
        isAscii &&= byte < 0x80;
        written[length++] = byte;
      }
      if (!isAscii && !isUtf8(value)) {
        length = from;
        return text(JSON.stringify(textOf(value)));
      }
      written[length++] = quote;
    },
    take() {
      const taken = newBytes(length);
      taken.set(written.subarray(0, length));
      return taken;
    },
  };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
