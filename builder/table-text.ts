import type { Value } from '../anonymizers/index.ts';
import { appendByte, type ByteBuffer, reserve } from './byte-buffer.ts';

/**
 * The canonical encoding of a row: values separated by a tab, ended by a newline; `\` `TAB` `LF` `CR` `NUL` escaped by a backslash, NULL as `\N`.
 * Both `LOAD DATA` (default escapes) and PostgreSQL's `COPY` text read this; COPY reads `\0` as an octal number, but no value of PostgreSQL holds a NUL.
 */
export type ColumnEncoding = 'text' | 'hex';

const backslash = 0x5c;
const tab = 0x09;
const lineFeed = 0x0a;
const hexDigits = new TextEncoder().encode('0123456789abcdef');

/** The byte after the backslash, for bytes that are escaped; 0 for all others. */
const escapes = (() => {
  const table = new Uint8Array(256);
  table[backslash] = backslash;
  table[tab] = 0x74; // t
  table[lineFeed] = 0x6e; // n
  table[0x0d] = 0x72; // r
  table[0x00] = 0x30; // 0
  return table;
})();

/** Appends one row, its newline included. `encodings` has one item per value. */
export function appendRow(out: ByteBuffer, row: readonly Value[], encodings: readonly ColumnEncoding[]): void {
  for (let index = 0; index < row.length; index += 1) {
    if (index > 0) appendByte(out, tab);
    const value = row[index];
    if (value === null || value === undefined) appendNull(out);
    else appendField(out, value, 0, value.length, encodings[index] as ColumnEncoding);
  }
  appendByte(out, lineFeed);
}

export function appendTab(out: ByteBuffer): void {
  appendByte(out, tab);
}

export function appendLineFeed(out: ByteBuffer): void {
  appendByte(out, lineFeed);
}

export function appendNull(out: ByteBuffer): void {
  reserve(out, 2);
  out.bytes[out.length] = backslash;
  out.bytes[out.length + 1] = 0x4e; // N
  out.length += 2;
}

/** Appends the value `from[start, end)`. */
export function appendField(out: ByteBuffer, from: Uint8Array, start: number, end: number, encoding: ColumnEncoding): void {
  reserve(out, (end - start) * 2);
  if (encoding === 'hex') appendHex(out, from, start, end);
  else appendEscaped(out, from, start, end);
}

function appendEscaped(out: ByteBuffer, from: Uint8Array, start: number, end: number): void {
  const bytes = out.bytes;
  let at = out.length;
  for (let index = start; index < end; index += 1) {
    const byte = from[index] as number;
    const letter = escapes[byte] as number;
    if (letter !== 0) {
      bytes[at] = backslash;
      bytes[at + 1] = letter;
      at += 2;
    } else {
      bytes[at] = byte;
      at += 1;
    }
  }
  out.length = at;
}

function appendHex(out: ByteBuffer, from: Uint8Array, start: number, end: number): void {
  const bytes = out.bytes;
  let at = out.length;
  for (let index = start; index < end; index += 1) {
    const byte = from[index] as number;
    bytes[at] = hexDigits[byte >> 4] as number;
    bytes[at + 1] = hexDigits[byte & 15] as number;
    at += 2;
  }
  out.length = at;
}
