import { decodeTableEscapes } from './decode.ts';

const tab = 0x09;
const lineFeed = 0x0a;
const colon = 0x3a;

/** Where the value around an offset begins, and its column's number in rows of table text. Only asked for where something was found. */
export function fieldAt(bytes: Uint8Array, offset: number): { readonly start: number; readonly column: number } {
  const rowStart = offset === 0 ? 0 : bytes.lastIndexOf(lineFeed, offset - 1) + 1;
  let column = 0;
  let start = rowStart;
  for (let at = rowStart; at < offset; at += 1) {
    if (bytes[at] !== tab) continue;
    column += 1;
    start = at + 1;
  }
  return { start, column };
}

/** The line around an offset in LDIF or SQL, and what stands before its first colon. */
export function lineAt(bytes: Uint8Array, offset: number): { readonly start: number; readonly label: string } {
  const start = offset === 0 ? 0 : bytes.lastIndexOf(lineFeed, offset - 1) + 1;
  const end = bytes.indexOf(colon, start);
  return { start, label: Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.max(0, Math.min(end - start, 128))).toString('latin1') };
}

/** The value of a field of table text that begins at `start`. */
export function fieldValue(bytes: Uint8Array, start: number): Uint8Array {
  let end = start;
  while (end < bytes.length && bytes[end] !== tab && bytes[end] !== lineFeed) end += 1;
  const value = new Uint8Array(end - start);
  return value.subarray(0, decodeTableEscapes(bytes, start, end, value));
}

/** The value of a line of LDIF that begins at `start`: after its label, in base64 after two colons. */
export function lineValue(bytes: Uint8Array, start: number): Uint8Array {
  const end = bytes.indexOf(lineFeed, start);
  const line = Buffer.from(bytes.subarray(start, end < 0 ? bytes.length : end)).toString('latin1');
  const value = line.slice(line.indexOf(':') + 1);
  return value.startsWith(':') ? Buffer.from(value.slice(1), 'base64') : Buffer.from(value.trimStart(), 'latin1');
}
