import { base64Byte, classes, hexByte, is, isLetterOrDigit, wordByte } from './bytes.ts';
import {
  decodeBase64,
  decodeDnEscapes,
  decodeHex,
  decodeJsonEscapes,
  decodePercent,
  decodeQuery,
  decodeTableEscapes,
  isByteEscape,
} from './decode.ts';
import { decodeEntities, entityEnd, longestEntity } from './entities.ts';
import type { Framing } from './scanner.ts';
import { lookedAt, shortestHex, shortestLatin1, shortestRun, shortestText } from './sweep-runs-wasm.ts';
import { decodeWideTexts } from './wide-text.ts';

/** Encodings inside each other that are undone: base64 in JSON in base64, and one more. */
const deepest = 4;
const longestEscaped = 0x10_0000;
const endBytes = 8;
/** No watched phrase in HTML is longer. */
const nearEntity = 512;

const tab = 0x09;
const lineFeed = 0x0a;
const space = 0x20;
const percent = 0x25;
const ampersand = 0x26;
const apostrophe = 0x27;
const plus = 0x2b;
const slash = 0x2f;
const zero = 0x30;
const equalsSign = 0x3d;
const backslash = 0x5c;

/** A text, or what reads as text in binary data. */
export type Frame = Framing | 'binary';

/** Scans what was decoded, `bytes[from, to)`. */
type ScanDecoded = (bytes: Uint8Array, from: number, to: number, framing: Frame, depth: number, place: number) => void;

/** Up to where a text was undone. One for each text. */
export type Undone = { run: number; escaped: number; percent: number; entity: number; wide: number };

export function newUndone(): Undone {
  return { run: 0, escaped: 0, percent: 0, entity: 0, wide: 0 };
}

/** Undoes the encodings around a place of a text up to `to`, and scans what comes of it. Nothing that was undone before is undone again. */
export type Encodings = {
  /** At the signs `% & \`. */
  sign(bytes: Uint8Array, at: number, to: number, framing: Frame, depth: number, place: number, undone: Undone): void;
  /** A run of base64 letters or hexadecimal digits that begins with the word `bytes[start, end)`. */
  run(bytes: Uint8Array, start: number, end: number, to: number, depth: number, place: number, undone: Undone): void;
};

export function createEncodings(scanDecoded: ScanDecoded): Encodings {
  const buffers: Uint8Array[] = [];

  const buffer = (depth: number, sizeBytes: number): Uint8Array => {
    let own = buffers[depth];
    if (!own || own.length < sizeBytes + endBytes) {
      own = new Uint8Array(Math.max(sizeBytes, 4096) * 2);
      buffers[depth] = own;
    }
    return own;
  };

  /** What was decoded ends with zeros: what an earlier text left behind it must not be taken for its continuation. */
  const ended = (into: Uint8Array, length: number): number => {
    into.fill(0, length, length + endBytes);
    return length;
  };

  /** A run of hexadecimal digits or base64 letters. */
  const decoded = (bytes: Uint8Array, from: number, to: number, depth: number, place: number): void => {
    if (to - from < shortestRun) return;
    const into = buffer(depth + 1, to - from);
    const hexFrom = bytes[from] === 0x78 ? from + 1 : bytes[from] === 0x30 && bytes[from + 1] === 0x78 ? from + 2 : from;
    const hex = to - hexFrom >= shortestHex && isHex(bytes, hexFrom, to);
    const length = ended(into, hex ? decodeHex(bytes, hexFrom, to, into) : decodeBase64(bytes, from, to, into));
    if (length === 0) return;
    if (isBinary(into, length)) binary(into, length, depth + 1, place);
    else scanDecoded(into, 0, length, 'text', depth + 1, place);
  };

  const binary = (bytes: Uint8Array, length: number, depth: number, place: number): void => {
    textIn(bytes, length, depth, place);
    wideTextIn(bytes, length, depth, place);
  };

  const wideTextIn = (bytes: Uint8Array, length: number, depth: number, place: number): void => {
    if (bytes.subarray(0, length).indexOf(0) < 0) return;
    const into = buffer(depth + 1, 4 * length);
    const wideLength = ended(into, decodeWideTexts(bytes, length, into));
    if (wideLength > 0) scanDecoded(into, 0, wideLength, 'text', depth + 1, place);
  };

  /** Of binary data only what reads as text, such as the comment in a picture, in UTF-8 and, where letters of Latin-1 stand in it, in that. */
  const textIn = (bytes: Uint8Array, to: number, depth: number, place: number): void => {
    let start = 0;
    let latin1From = 0;
    let isLatin1 = false;
    for (let at = 0; at <= to; ) {
      const size = at < to ? characterBytes(bytes, at, to) : 0;
      if (size > 0) {
        at += size;
        continue;
      }
      if (at - start >= shortestText) scanDecoded(bytes, start, at, 'binary', depth, place);
      if (at < to && isLatin1Letter(bytes, at)) isLatin1 = true;
      else {
        if (isLatin1 && at - latin1From >= shortestLatin1) scanDecoded(bytes, latin1From, at, 'binary', depth, place);
        isLatin1 = false;
        latin1From = at + 1;
      }
      at += 1;
      start = at;
    }
  };

  /** A run of base64 letters, whole and in the pieces between its signs, and of hexadecimal digits. @returns its end */
  const longRun = (bytes: Uint8Array, wordStart: number, to: number, depth: number, place: number): number => {
    let start = wordStart;
    while (start > 0 && bytes[start - 1] === slash) start -= 1;
    let end = start;
    let pieceStart = start;
    for (; end < to && ((classes[bytes[end] as number] as number) & base64Byte) !== 0; end += 1) {
      if (isLetterOrDigit(bytes[end])) continue;
      decoded(bytes, pieceStart, end, depth, place);
      pieceStart = end + 1;
    }
    if (pieceStart > start) decoded(bytes, pieceStart, end, depth, place);
    decoded(bytes, start, end, depth, place);
    return end;
  };

  /** Of a field, a line or a whole text, from its beginning to its end. */
  const around = (bytes: Uint8Array, at: number, to: number, framing: Frame): readonly [start: number, end: number] => {
    const isEnd = (byte: number | undefined): boolean => byte === lineFeed || (framing === 'table' && byte === tab);
    let start = at;
    while (start > 0 && at - start < longestEscaped && !isEnd(bytes[start - 1])) start -= 1;
    let end = at;
    while (end < to && end - at < longestEscaped && !isEnd(bytes[end])) end += 1;
    return [start, end];
  };

  /** Undoes the escapes of a field, a line or a whole text. @returns its end */
  const escaped = (bytes: Uint8Array, at: number, to: number, framing: Framing, depth: number, place: number): number => {
    const [start, end] = around(bytes, at, to, framing);
    const into = buffer(depth + 1, end - start);
    if (framing === 'table') {
      scanDecoded(into, 0, ended(into, decodeTableEscapes(bytes, start, end, into)), 'text', depth + 1, place);
      return end;
    }
    if (hasEscape(bytes, start, end, jsonEscape)) {
      scanDecoded(into, 0, ended(into, decodeJsonEscapes(bytes, start, end, into)), 'text', depth + 1, place);
    }
    if (hasEscape(bytes, start, end, dnEscape)) {
      const again = buffer(depth + 1, end - start);
      scanDecoded(again, 0, ended(again, decodeDnEscapes(bytes, start, end, again)), 'text', depth + 1, place);
    }
    return end;
  };

  const entities = (bytes: Uint8Array, at: number, to: number, framing: Frame, depth: number, place: number): number => {
    const [from, last] = around(bytes, at, to, framing);
    // Of a long text only what stands near a reference.
    let start = Math.max(from, at - nearEntity);
    while (start > from && is(bytes[start - 1], wordByte)) start -= 1;
    let end = at;
    for (let near = at + nearEntity; end < last && (end < near || is(bytes[end], wordByte)); end += 1) {
      if (bytes[end] === ampersand) near = end + nearEntity;
    }
    const into = buffer(depth + 1, end - start);
    scanDecoded(into, 0, ended(into, decodeEntities(bytes, start, end, into)), 'text', depth + 1, place);
    return end;
  };

  /** Text in UTF-16 in a field of rows. */
  const wideField = (bytes: Uint8Array, at: number, to: number, depth: number, place: number): number => {
    const [start, end] = around(bytes, at, to, 'table');
    const into = buffer(depth + 1, end - start);
    wideTextIn(into, decodeTableEscapes(bytes, start, end, into), depth + 1, place);
    return end;
  };

  const percentEncoded = (bytes: Uint8Array, at: number, to: number, depth: number, place: number): number => {
    let start = at;
    while (start > 0 && !isUrlEnd(bytes[start - 1])) start -= 1;
    let end = at;
    while (end < to && !isUrlEnd(bytes[end])) end += 1;
    const into = buffer(depth + 1, end - start);
    scanDecoded(into, 0, ended(into, decodePercent(bytes, start, end, into)), 'text', depth + 1, place);
    if (hasPlus(bytes, start, end)) {
      // In a query a + is a blank, in an address only itself: the text has both readings.
      scanDecoded(into, 0, ended(into, decodeQuery(bytes, start, end, into)), 'text', depth + 1, place);
    }
    return end;
  };

  const sign: Encodings['sign'] = (bytes, at, to, framing, depth, place, undone) => {
    const byte = bytes[at];
    const next = at + 1;
    if (byte === percent) {
      const isCode = at >= undone.percent && next + 1 < to && is(bytes[next], hexByte) && is(bytes[next + 1], hexByte);
      if (isCode && depth < deepest) undone.percent = percentEncoded(bytes, at, to, depth, place);
    } else if (byte === ampersand) {
      if (depth >= deepest) return;
      if (at >= undone.entity && entityEnd(bytes, at, to) > 0) undone.entity = entities(bytes, at, to, framing, depth, place);
      else if (at >= undone.percent && isParameter(bytes, at, to)) undone.percent = percentEncoded(bytes, at, to, depth, place);
    } else if (framing === 'table' && bytes[next] === zero) {
      if (at >= undone.wide && bytes[at + 4] === zero && bytes[at + 7] === zero) undone.wide = wideField(bytes, at, to, depth, place);
    } else if (framing !== 'binary') {
      // In rows, a backslash and its letter are one sign; an escaped backslash belongs to the value, and may be an escape again.
      const isValue = framing === 'text' || bytes[next] === backslash;
      if (isValue && at >= undone.escaped && depth < deepest) undone.escaped = escaped(bytes, at, to, framing, depth, place);
    }
  };

  return {
    sign,
    run(bytes, start, end, to, depth, place, undone) {
      const isRun = (end - start >= shortestRun || bytes[end] === slash) && start >= undone.run && depth < deepest;
      if (isRun) undone.run = longRun(bytes, start, to, depth, place);
    },
  };
}

const jsonEscape = 1;
const dnEscape = 2;
/** What can stand behind a backslash: an escape of JSON or of SQL, an escape of a DN. A backslash before anything else is only itself. */
const escapes: Uint8Array = (() => {
  const table = new Uint8Array(256);
  for (const character of '"\\/bfnrtu\'') table[character.charCodeAt(0)] = jsonEscape;
  for (const character of '0123456789abcdefABCDEF,+"\\<>;= #') {
    const code = character.charCodeAt(0);
    table[code] = (table[code] as number) | dnEscape;
  }
  return table;
})();

function hasEscape(bytes: Uint8Array, from: number, to: number, kind: number): boolean {
  for (let at = from; at + 1 < to; at += 1) {
    if (bytes[at] !== backslash) continue;
    if (((escapes[bytes[at + 1] as number] as number) & kind) !== 0 || (kind === jsonEscape && isByteEscape(bytes, at, to))) return true;
    at += 1;
  }
  return false;
}

function hasPlus(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (bytes[at] === plus) return true;
  return false;
}

/** Whether a parameter of a query begins with this `&` whose value has a + for a blank. */
function isParameter(bytes: Uint8Array, at: number, to: number): boolean {
  let end = at + 1;
  while (end < to && end - at < longestEntity && is(bytes[end], wordByte)) end += 1;
  if (end >= to || bytes[end] !== equalsSign) return false;
  for (end += 1; end < to && is(bytes[end], wordByte); end += 1) if (bytes[end] === plus) return true;
  return false;
}

/** How many bytes the UTF-8 character here has; 0 where there is none, or a control character other than white space. */
function characterBytes(bytes: Uint8Array, at: number, to: number): number {
  const byte = bytes[at] as number;
  if (byte < 0x80) return (byte >= space && byte !== 0x7f) || byte === tab || byte === lineFeed || byte === 0x0d ? 1 : 0;
  const size = byte < 0xc2 || byte > 0xf4 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
  if (at + size > to) return 0;
  for (let next = at + 1; next < at + size; next += 1) if (((bytes[next] as number) & 0xc0) !== 0x80) return 0;
  return size;
}

/** Whether the byte reads as a letter of Latin-1 between other letters, or at an end. */
function isLatin1Letter(bytes: Uint8Array, at: number): boolean {
  return (bytes[at] as number) >= 0xc0 && isNearLetter(bytes[at - 1]) && isNearLetter(bytes[at + 1]);
}

function isNearLetter(byte = 0): boolean {
  return byte === 0 || byte === space || byte === apostrophe || (byte < 0x80 && byte > 0x39 && isLetterOrDigit(byte));
}

/** Random bytes, a picture, text in another character set: in them a backslash escapes nothing. */
function isBinary(bytes: Uint8Array, length: number): boolean {
  for (let at = 0; at < length && at < lookedAt; ) {
    const size = characterBytes(bytes, at, length);
    if (size === 0) return true;
    at += size;
  }
  return false;
}

function isHex(bytes: Uint8Array, from: number, to: number): boolean {
  if ((to - from) % 2 !== 0) return false;
  for (let at = from; at < to; at += 1) if (!is(bytes[at], hexByte)) return false;
  return true;
}

// White space, control characters, quotes, angle brackets, a backslash.
function isUrlEnd(byte: number | undefined): boolean {
  return (
    byte === undefined || byte <= space || byte === 0x22 || byte === apostrophe || byte === 0x3c || byte === 0x3e || byte === backslash
  );
}
