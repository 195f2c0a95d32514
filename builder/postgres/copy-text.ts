import type { Value } from '../../anonymizers/index.ts';
import { DynDataError } from '../../core/index.ts';

const backslash = 0x5c;
const tab = 0x09;
const lineFeed = 0x0a;
const capitalN = 0x4e;

const unescaped = (() => {
  const table = Uint8Array.from({ length: 256 }, (_item, index) => index);
  for (const [letter, byte] of Object.entries({ b: 0x08, f: 0x0c, n: 0x0a, r: 0x0d, t: 0x09, v: 0x0b })) table[letter.charCodeAt(0)] = byte;
  return table;
})();

/** Values a batch holds before it is handed on, in bytes of COPY text: bounds memory whatever the rows' size. */
const bytesPerBatch = 256 * 1024;

/**
 * The rows of a COPY … TO STDOUT in text format, as typed values: the server delimits the fields, no SQL is parsed. Each value is a
 * view of the received bytes where nothing was escaped.
 * @throws DynDataError SOURCE_FAILED where a line does not have `columnCount` fields or the stream ends inside a line.
 */
export async function* copyRows(
  stream: AsyncIterable<Uint8Array>,
  columnCount: number,
  sourceName: string,
): AsyncGenerator<readonly Value[][]> {
  // Pieces of a line that has not ended: joined once, since a line can have hundreds of megabytes.
  let rest: Buffer[] = [];
  let batch: Value[][] = [];
  let batchBytes = 0;
  for await (const piece of stream) {
    const received = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    if (!received.includes(lineFeed)) {
      rest.push(received);
      continue;
    }
    const data = rest.length === 0 ? received : Buffer.concat([...rest, received]);
    let start = 0;
    for (let end = data.indexOf(lineFeed, start); end >= 0; end = data.indexOf(lineFeed, start)) {
      batch.push(splitLine(data.subarray(start, end), columnCount, sourceName));
      batchBytes += end - start;
      start = end + 1;
      if (batchBytes < bytesPerBatch) continue;
      yield batch;
      batch = [];
      batchBytes = 0;
    }
    rest = start < data.length ? [data.subarray(start)] : [];
  }
  if (rest.length > 0) throw malformed(sourceName);
  if (batch.length > 0) yield batch;
}

function splitLine(line: Buffer, columnCount: number, sourceName: string): Value[] {
  const row: Value[] = new Array(columnCount);
  if (columnCount === 0) return row;
  const escaped = line.includes(backslash);
  let column = 0;
  let start = 0;
  for (;;) {
    const next = line.indexOf(tab, start);
    const end = next < 0 ? line.length : next;
    if (column >= columnCount) throw malformed(sourceName);
    row[column] = escaped ? unescapeField(line, start, end) : line.subarray(start, end);
    column += 1;
    if (next < 0) break;
    start = next + 1;
  }
  if (column !== columnCount) throw malformed(sourceName);
  return row;
}

function unescapeField(line: Buffer, start: number, end: number): Value {
  if (end - start === 2 && line[start] === backslash && line[start + 1] === capitalN) return null;
  const field = line.subarray(start, end);
  if (!field.includes(backslash)) return field;
  const value = Buffer.allocUnsafe(field.length);
  let length = 0;
  for (let index = 0; index < field.length; index += 1) {
    let byte = field[index] as number;
    if (byte === backslash) {
      index += 1;
      byte = unescaped[field[index] ?? backslash] as number;
    }
    value[length] = byte;
    length += 1;
  }
  return value.subarray(0, length);
}

function malformed(sourceName: string): DynDataError {
  return new DynDataError(
    'SOURCE_FAILED',
    `The PostgreSQL source "${sourceName}" sent a row of an unexpected form. Nothing was stored; try again, and report it if it comes back.`,
  );
}
