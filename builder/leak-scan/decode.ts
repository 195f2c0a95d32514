import { base64Values, hexByte, hexValue, is } from './bytes.ts';

/** Decoders write into a buffer that is used again and give how many bytes they wrote. A byte that never is in text ends short runs early. */

/** From this length on a run is decoded whatever it holds. */
export const shortRun = 64;

/** A zero byte may be of text in UTF-16. */
function isOdd(byte: number): boolean {
  return byte < 0x20 && byte !== 0x00 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d;
}

/** @returns 0 where a short run is no text. `into` has room for three quarters of the run. */
export function decodeBase64(bytes: Uint8Array, from: number, to: number, into: Uint8Array): number {
  const short = to - from < shortRun;
  let length = 0;
  let held = 0;
  let bits = 0;
  for (let at = from; at < to; at += 1) {
    held = ((held << 6) | (base64Values[bytes[at] as number] as number)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    const byte = (held >>> bits) & 0xff;
    if (short && isOdd(byte)) return 0;
    into[length++] = byte;
  }
  return length;
}

/** @returns 0 where a short run is no text. `into` has room for half of the run. */
export function decodeHex(bytes: Uint8Array, from: number, to: number, into: Uint8Array): number {
  const short = to - from < shortRun;
  let length = 0;
  for (let at = from; at + 1 < to; at += 2) {
    const byte = (hexValue(bytes[at] as number) << 4) | hexValue(bytes[at + 1] as number);
    if (short && isOdd(byte)) return 0;
    into[length++] = byte;
  }
  return length;
}

/** With more hexadecimal digits behind it, the `\x` begins a value of nothing else. */
const longestPlainHex = 16;
const percent = 0x25;
const plus = 0x2b;
const backslash = 0x5c;

function isHexPair(bytes: Uint8Array, at: number, to: number): boolean {
  return at + 1 < to && is(bytes[at], hexByte) && is(bytes[at + 1], hexByte);
}

function pair(bytes: Uint8Array, at: number): number {
  return (hexValue(bytes[at] as number) << 4) | hexValue(bytes[at + 1] as number);
}

/** `%40` becomes `@`. `into` has room for the run. */
export function decodePercent(bytes: Uint8Array, from: number, to: number, into: Uint8Array): number {
  let length = 0;
  for (let at = from; at < to; at += 1) {
    if (bytes[at] === percent && isHexPair(bytes, at + 1, to)) {
      into[length++] = pair(bytes, at + 1);
      at += 2;
    } else into[length++] = bytes[at] as number;
  }
  return length;
}

/** The same of a query, where a + is a blank. */
export function decodeQuery(bytes: Uint8Array, from: number, to: number, into: Uint8Array): number {
  const length = decodePercent(bytes, from, to, into);
  // A + that was percent-encoded stays one only in the other reading.
  for (let at = 0; at < length; at += 1) if (into[at] === plus) into[at] = 0x20;
  return length;
}

const tableEscapes: Readonly<Record<number, number>> = { 116: 0x09, 110: 0x0a, 114: 0x0d, 48: 0x00 };
const jsonEscapes: Readonly<Record<number, number>> = { 116: 0x09, 110: 0x0a, 114: 0x0d, 98: 0x08, 102: 0x0c };

/** The escapes of the table text: `\t` `\n` `\r` `\0` `\\`. */
export function decodeTableEscapes(bytes: Uint8Array, from: number, to: number, into: Uint8Array): number {
  let length = 0;
  for (let at = from; at < to; at += 1) {
    let byte = bytes[at] as number;
    if (byte === backslash && at + 1 < to) {
      at += 1;
      byte = tableEscapes[bytes[at] as number] ?? (bytes[at] as number);
    }
    into[length++] = byte;
  }
  return length;
}

/** Whether `\x41` begins here, as programs write bytes: not a whole value in hexadecimal digits, which begins like it. */
export function isByteEscape(bytes: Uint8Array, at: number, to: number): boolean {
  if (bytes[at] !== backslash || bytes[at + 1] !== 0x78 || !isHexPair(bytes, at + 2, to)) return false;
  let end = at + 4;
  while (end < to && end - at < longestPlainHex && is(bytes[end], hexByte)) end += 1;
  return end - at < longestPlainHex;
}

/** The escapes of JSON and of SQL strings, `\u0040` and `\x40` too. `into` has room for the run. */
export function decodeJsonEscapes(bytes: Uint8Array, from: number, to: number, into: Uint8Array): number {
  let length = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number;
    if (byte !== backslash || at + 1 >= to) {
      into[length++] = byte;
      continue;
    }
    at += 1;
    const letter = bytes[at] as number;
    if (letter === 0x75 && isHexPair(bytes, at + 1, to) && isHexPair(bytes, at + 3, to)) {
      length = appendCodeUnit((pair(bytes, at + 1) << 8) | pair(bytes, at + 3), into, length);
      at += 4;
    } else if (isByteEscape(bytes, at - 1, to)) {
      into[length++] = pair(bytes, at + 1);
      at += 2;
    } else into[length++] = jsonEscapes[letter] ?? letter;
  }
  return length;
}

/** UTF-8 of one UTF-16 unit; halves of a pair become blanks, since no value that is looked for holds any. */
export function appendCodeUnit(unit: number, into: Uint8Array, from: number): number {
  let length = from;
  if (unit < 0x80) into[length++] = unit;
  else if (unit < 0x800) {
    into[length++] = 0xc0 | (unit >> 6);
    into[length++] = 0x80 | (unit & 0x3f);
  } else if (unit >= 0xd800 && unit < 0xe000) into[length++] = 0x20;
  else {
    into[length++] = 0xe0 | (unit >> 12);
    into[length++] = 0x80 | ((unit >> 6) & 0x3f);
    into[length++] = 0x80 | (unit & 0x3f);
  }
  return length;
}

/** The escapes of DNs: `\2C`, `\,`. */
export function decodeDnEscapes(bytes: Uint8Array, from: number, to: number, into: Uint8Array): number {
  let length = 0;
  for (let at = from; at < to; at += 1) {
    if (bytes[at] === backslash && isHexPair(bytes, at + 1, to)) {
      into[length++] = pair(bytes, at + 1);
      at += 2;
    } else if (bytes[at] !== backslash) into[length++] = bytes[at] as number;
  }
  return length;
}
