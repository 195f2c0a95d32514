import type { Value } from '../../anonymizers/index.ts';
import { DynDataError } from '../../core/index.ts';
import { type ByteBuffer, reserve } from '../byte-buffer.ts';

/** A row as COPY … TO STDOUT sent it, `bytes[at, end)` without the line feed. What is not looked at is never taken out. */
export type CopyRow = { readonly bytes: Uint8Array; readonly at: number; readonly end: number };

/** Where the fields of one row stand in its bytes, and which have a backslash in them. Reused for the next row. */
export type FieldPlaces = { readonly starts: Int32Array; readonly ends: Int32Array; readonly escaped: Uint8Array };

const backslash = 0x5c;
const tab = 0x09;
const capitalN = 0x4e;

/** What stands after a backslash, as the byte that is meant. */
const unescaped = (() => {
  const table = Uint8Array.from({ length: 256 }, (_item, index) => index);
  for (const [letter, byte] of Object.entries({ b: 0x08, f: 0x0c, n: 0x0a, r: 0x0d, t: 0x09, v: 0x0b })) table[letter.charCodeAt(0)] = byte;
  return table;
})();
/** The same for those bytes alone that the server escapes and the canonical encoding does not; 0 for all others. */
const plain = new Uint8Array(256);
for (const letter of ['b', 'f', 'v']) plain[letter.charCodeAt(0)] = unescaped[letter.charCodeAt(0)] as number;

export function createFieldPlaces(count: number): FieldPlaces {
  return { starts: new Int32Array(count), ends: new Int32Array(count), escaped: new Uint8Array(count) };
}

/**
 * Finds the fields of a row: the server delimits them by tabs, no SQL is parsed.
 * @throws DynDataError SOURCE_FAILED where the row has another number of fields
 */
export function locateFields({ bytes, at, end }: CopyRow, { starts, ends, escaped }: FieldPlaces, sourceName: string): void {
  const count = starts.length;
  let column = 0;
  let start = at;
  let hasEscape = 0;
  for (let index = at; index < end; index += 1) {
    const byte = bytes[index] as number;
    if (byte === backslash) hasEscape = 1;
    else if (byte === tab) {
      if (column >= count) throw malformedRow(sourceName);
      starts[column] = start;
      ends[column] = index;
      escaped[column] = hasEscape;
      column += 1;
      start = index + 1;
      hasEscape = 0;
    }
  }
  // A table without columns sends empty lines.
  if (count === 0 && at === end) return;
  if (column !== count - 1) throw malformedRow(sourceName);
  starts[column] = start;
  ends[column] = end;
  escaped[column] = hasEscape;
}

/** A value of a located row; a view of its bytes where nothing is escaped. */
export function fieldOf({ bytes }: CopyRow, { starts, ends, escaped }: FieldPlaces, index: number): Value {
  const start = starts[index] as number;
  const end = ends[index] as number;
  if (escaped[index] === 0) return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
  if (end - start === 2 && bytes[start] === backslash && bytes[start + 1] === capitalN) return null;
  const value = new Uint8Array(end - start);
  let length = 0;
  for (let at = start; at < end; at += 1) {
    let byte = bytes[at] as number;
    if (byte === backslash) {
      at += 1;
      byte = unescaped[bytes[at] as number] as number;
    }
    value[length] = byte;
    length += 1;
  }
  return value.subarray(0, length);
}

/** All values of a row. */
export function valuesOf(row: CopyRow, places: FieldPlaces, sourceName: string): Value[] {
  locateFields(row, places, sourceName);
  return Array.from(places.starts, (_, index) => fieldOf(row, places, index));
}

/** From so many bytes on a copy by the engine costs less than one byte by byte. */
const longRunBytes = 48;

/** Appends fields as they came, in the canonical encoding: of what the server escapes it leaves three bytes as they are. */
export function appendRun(out: ByteBuffer, { bytes: from }: CopyRow, start: number, end: number, isEscaped: boolean): void {
  reserve(out, end - start);
  const { bytes } = out;
  let at = out.length;
  if (!isEscaped) {
    if (end - start >= longRunBytes) bytes.set(new Uint8Array(from.buffer, from.byteOffset + start, end - start), at);
    else for (let index = start; index < end; index += 1) bytes[at + index - start] = from[index] as number;
    out.length = at + end - start;
    return;
  }
  for (let index = start; index < end; index += 1) {
    const byte = from[index] as number;
    if (byte === backslash) {
      index += 1;
      const letter = from[index] as number;
      const meant = plain[letter] as number;
      if (meant === 0) {
        bytes[at] = backslash;
        at += 1;
      }
      bytes[at] = meant === 0 ? letter : meant;
    } else bytes[at] = byte;
    at += 1;
  }
  out.length = at;
}

export function malformedRow(sourceName: string): DynDataError {
  return new DynDataError(
    'SOURCE_FAILED',
    `The PostgreSQL source "${sourceName}" sent a row of an unexpected form. Nothing was stored; try again, and report it if it comes back.`,
  );
}
