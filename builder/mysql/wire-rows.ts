import type { Value } from '../../anonymizers/index.ts';

/** A row as the server sent it: of each value its length and its bytes, from `at` on. What is not looked at is never taken out. */
export type WireRow = { readonly bytes: Uint8Array; readonly at: number };

/** Where the values of one row stand in its bytes; `starts` is -1 for NULL. Reused for the next row. */
export type FieldPlaces = { readonly starts: Int32Array; readonly ends: Int32Array };

export function createFieldPlaces(count: number): FieldPlaces {
  return { starts: new Int32Array(count), ends: new Int32Array(count) };
}

const nullMark = 251;
/** What says how many bytes the length itself has. */
const lengthBytes: Readonly<Record<number, number>> = { 252: 2, 253: 3, 254: 8 };

/** Finds the values of a row: MySQL's text protocol, length-encoded strings. */
export function locateFields({ bytes, at: from }: WireRow, { starts, ends }: FieldPlaces): void {
  let at = from;
  for (let index = 0; index < starts.length; index += 1) {
    let length = bytes[at] as number;
    at += 1;
    if (length === nullMark) {
      starts[index] = -1;
      continue;
    }
    if (length > nullMark) {
      const digits = lengthBytes[length] as number;
      length = 0;
      for (let digit = digits - 1; digit >= 0; digit -= 1) length = length * 256 + (bytes[at + digit] as number);
      at += digits;
    }
    starts[index] = at;
    at += length;
    ends[index] = at;
  }
}

/** A value of a located row, as a view of its bytes. */
export function fieldOf({ bytes }: WireRow, { starts, ends }: FieldPlaces, index: number): Value {
  const start = starts[index] as number;
  return start < 0 ? null : new Uint8Array(bytes.buffer, bytes.byteOffset + start, (ends[index] as number) - start);
}

/** All values of a row, as views of its bytes. */
export function valuesOf(row: WireRow, places: FieldPlaces): Value[] {
  locateFields(row, places);
  return Array.from(places.starts, (_, index) => fieldOf(row, places, index));
}

/** All values of a row, to be kept when its batch is gone. */
export function keptValuesOf(row: WireRow, places: FieldPlaces): Value[] {
  return valuesOf(row, places).map((value) => value && Uint8Array.from(value));
}
