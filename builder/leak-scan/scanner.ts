import type { LeakRule } from '../../anonymizers/primitives.ts';
import { createAccountFinder } from './accounts.ts';
import { numbered, punctuated, traits } from './byte-traits.ts';
import { base64Byte, classes, digitByte, hexByte, is, isAsciiOnly, isLetterOrDigit, latin1, triggerByte, wordByte } from './bytes.ts';
import { decodeBase64, decodeDnEscapes, decodeHex, decodeJsonEscapes, decodePercent, decodeQuery, decodeTableEscapes } from './decode.ts';
import { bcryptLength, isBcrypt, isPrivateKey, isPublicIpv6 } from './detectors.ts';
import { createEmailScan } from './emails.ts';
import { decodeEntities, entityEnd, longestEntity } from './entities.ts';
import { blankBytes, isBehindBlank } from './group-signs.ts';
import { ibanEnd } from './ibans.ts';
import { createNumberScan } from './numbers.ts';
import { createPhraseScan, shortestAnchor } from './phrases.ts';
import { botTokenEnd, secretBeginnings, secretIn, shortestSecret } from './secrets.ts';
import {
  beginningsAt,
  coarseFilterAt,
  formNote,
  harmlessAt,
  longestHarmless,
  mostTextBytes,
  notesAt,
  numberNote,
  phoneFilterAt,
  phoneNote,
  runNote,
  sweepTraits,
  textAt,
  traitsAt,
  wordFilterAt,
  wordNote,
} from './sweep-memory.ts';
import { lookedAt, shortestHex, shortestRun, shortestText } from './sweep-runs-wasm.ts';
import { createSweep } from './sweep-wasm.ts';
import type { WatchList } from './watch-list.ts';
import { decodeWideTexts } from './wide-text.ts';
import { hashStart, nextHash } from './word-hash.ts';

/** @param place offset in what is scanned; `bytes[from, to)` is what was found, perhaps decoded. */
export type Found = (rule: LeakRule, place: number, bytes: Uint8Array, from: number, to: number) => void;

/** `table` is text of rows with its escapes, `text` anything else. */
export type Framing = 'table' | 'text';

/**
 * Scans a whole text; findings come in no order.
 * @param phoneColumns of rows, those whose every value the rule `phone` has written: nobody undoes these, which would take as long as all the rest
 */
export type Scan = (bytes: Uint8Array, framing: Framing, found: Found, phoneColumns?: readonly number[]) => void;

/** Encodings inside each other that are undone: base64 in JSON in base64, and one more. */
const deepest = 4;
const shortestNumber = 7;
const longestEscaped = 0x10_0000;
const endBytes = 8;
/** No watched phrase in HTML is longer. */
const nearEntity = 512;
const interesting = wordByte | triggerByte;

const space = 0x20;
const dollar = 0x24;
const percent = 0x25;
const ampersand = 0x26;
const apostrophe = 0x27;
const plus = 0x2b;
const hyphen = 0x2d;
const slash = 0x2f;
const zero = 0x30;
const equalsSign = 0x3d;
const colon = 0x3a;
const atSign = 0x40;
const backslash = 0x5c;
const tab = 0x09;
const lineFeed = 0x0a;

const { blank, foldedOddly, lettered } = sweepTraits;

/** @param literals what the policy itself writes: forms that are found in it are allowed wherever they stand */
export function createScan(watch: WatchList, literals: readonly Uint8Array[]): Scan {
  const allowed = new Set<string>();
  const buffers: Uint8Array[] = [];
  let sink: Found = (rule, _place, bytes, from, to) => allowed.add(identity(rule, bytes, from, to));
  const found: Found = (rule, place, bytes, from, to) => sink(rule, place, bytes, from, to);
  const account = createAccountFinder(watch, found);
  const numbers = createNumberScan(watch, found, account);
  const sweep = createSweep();
  const sweepMemory = new Uint8Array(sweep.memory.buffer);
  const harmless = sweepMemory.subarray(harmlessAt, harmlessAt + 1 + longestHarmless);
  const email = createEmailScan(watch, found, harmless);
  const phrases = createPhraseScan(watch, found);

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
    else scanRange(into, 0, length, 'text', depth + 1, place);
  };

  const binary = (bytes: Uint8Array, length: number, depth: number, place: number): void => {
    textIn(bytes, length, depth, place);
    wideTextIn(bytes, length, depth, place);
  };

  const wideTextIn = (bytes: Uint8Array, length: number, depth: number, place: number): void => {
    if (bytes.subarray(0, length).indexOf(0) < 0) return;
    const into = buffer(depth + 1, 4 * length);
    const wideLength = ended(into, decodeWideTexts(bytes, length, into));
    if (wideLength > 0) scanRange(into, 0, wideLength, 'text', depth + 1, place);
  };

  /** Of binary data only what reads as text, such as the comment in a picture. */
  const textIn = (bytes: Uint8Array, to: number, depth: number, place: number): void => {
    let start = 0;
    for (let at = 0; at <= to; ) {
      const size = at < to ? characterBytes(bytes, at, to) : 0;
      if (size > 0) {
        at += size;
        continue;
      }
      if (at - start >= shortestText) scanRange(bytes, start, at, 'binary', depth, place);
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
  const around = (bytes: Uint8Array, at: number, to: number, framing: Framing | 'binary'): readonly [start: number, end: number] => {
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
      scanRange(into, 0, ended(into, decodeTableEscapes(bytes, start, end, into)), 'text', depth + 1, place);
      return end;
    }
    if (hasEscape(bytes, start, end, jsonEscape)) {
      scanRange(into, 0, ended(into, decodeJsonEscapes(bytes, start, end, into)), 'text', depth + 1, place);
    }
    if (hasEscape(bytes, start, end, dnEscape)) {
      const again = buffer(depth + 1, end - start);
      scanRange(again, 0, ended(again, decodeDnEscapes(bytes, start, end, again)), 'text', depth + 1, place);
    }
    return end;
  };

  const entities = (bytes: Uint8Array, at: number, to: number, framing: Framing | 'binary', depth: number, place: number): number => {
    const [from, last] = around(bytes, at, to, framing);
    // Of a long text only what stands near a reference.
    let start = Math.max(from, at - nearEntity);
    while (start > from && is(bytes[start - 1], wordByte)) start -= 1;
    let end = at;
    for (let near = at + nearEntity; end < last && (end < near || is(bytes[end], wordByte)); end += 1) {
      if (bytes[end] === ampersand) near = end + nearEntity;
    }
    const into = buffer(depth + 1, end - start);
    scanRange(into, 0, ended(into, decodeEntities(bytes, start, end, into)), 'text', depth + 1, place);
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
    scanRange(into, 0, ended(into, decodePercent(bytes, start, end, into)), 'text', depth + 1, place);
    if (hasPlus(bytes, start, end)) {
      // In a query a + is a blank, in an address only itself: the text has both readings.
      scanRange(into, 0, ended(into, decodeQuery(bytes, start, end, into)), 'text', depth + 1, place);
    }
    return end;
  };

  /** What the signs `@ $ % & \` stand for. Of each text, the places up to which it was undone are remembered. */
  const sign = (bytes: Uint8Array, at: number, to: number, framing: Framing | 'binary', depth: number, place: number, ends: Ends): void => {
    const byte = bytes[at];
    const next = at + 1;
    if (byte === atSign) email(bytes, at, to, place, depth > 0);
    else if (byte === dollar) {
      if (isBcrypt(bytes, at, to)) found('bcrypt', place, bytes, at, at + bcryptLength);
    } else if (byte === percent) {
      const isCode = at >= ends.percent && next + 1 < to && is(bytes[next], hexByte) && is(bytes[next + 1], hexByte);
      if (isCode && depth < deepest) ends.percent = percentEncoded(bytes, at, to, depth, place);
    } else if (byte === ampersand) {
      if (depth >= deepest) return;
      if (at >= ends.entity && entityEnd(bytes, at, to) > 0) ends.entity = entities(bytes, at, to, framing, depth, place);
      else if (at >= ends.percent && isParameter(bytes, at, to)) ends.percent = percentEncoded(bytes, at, to, depth, place);
    } else if (framing === 'table' && bytes[next] === zero) {
      if (at >= ends.wide && bytes[at + 4] === zero && bytes[at + 7] === zero) ends.wide = wideField(bytes, at, to, depth, place);
    } else if (framing !== 'binary') {
      // In rows, a backslash and its letter are one sign; an escaped backslash belongs to the value, and may be an escape again.
      const isValue = framing === 'text' || bytes[next] === backslash;
      if (isValue && at >= ends.escaped && depth < deepest) ends.escaped = escaped(bytes, at, to, framing, depth, place);
    }
  };

  /** Numbers that begin in a word. */
  const numbersOf = (bytes: Uint8Array, start: number, end: number, to: number, remark: number, place: number, ends: Ends): void => {
    const first = bytes[start] as number;
    if (is(first, digitByte) || first === plus) {
      // Alone, so few digits are neither a phone number nor an address.
      if (start >= ends.number && (end - start >= shortestNumber || (end < to && goesOn(bytes[end] as number)))) {
        ends.number = numbers.scan(bytes, start, to, place);
      }
    } else if ((remark & (punctuated | blank)) !== 0 && (remark & numbered) !== 0) {
      for (let inside = Math.max(start + 1, ends.number); inside < end; inside += 1) {
        if (!is(bytes[inside], digitByte) || (isLetterOrDigit(bytes[inside - 1]) && !isBehindBlank(bytes, inside))) continue;
        ends.number = numbers.scan(bytes, bytes[inside - 1] === plus ? inside - 1 : inside, to, place);
        inside = Math.max(inside, ends.number);
      }
    }
  };

  /** What a word can be by its form: a secret, a key, an account number, an address. */
  const formOf = (bytes: Uint8Array, start: number, end: number, to: number, place: number): void => {
    const length = end - start;
    const first = bytes[start] as number;
    if (length >= shortestSecret || bytes[end] === slash) {
      const secret = secretIn(bytes, start, end);
      if (secret) found(secret.rule, place, bytes, start, secret.end);
      else if (first === hyphen && isPrivateKey(bytes, start, to)) found('private-key', place, bytes, start, to);
    }
    if (bytes[end] === colon && is(first, digitByte)) {
      const tokenTo = botTokenEnd(bytes, start, end);
      if (tokenTo > 0) found('api-key', place, bytes, start, tokenTo);
    }
    if (length >= 4 && is(bytes[start + 2], digitByte) && is(bytes[start + 3], digitByte)) {
      const ibanTo = ibanEnd(bytes, start, to);
      if (ibanTo > 0) account('iban', bytes, start, ibanTo, place);
    }
    if (length === 4 && bytes[end] === colon && (first === 0x32 || first === 0x33)) {
      let addressEnd = end;
      while (addressEnd < to && (is(bytes[addressEnd], hexByte) || bytes[addressEnd] === colon)) addressEnd += 1;
      const isAddress = !isLetterOrDigit(bytes[addressEnd]) && isPublicIpv6(latin1(bytes, start, addressEnd));
      if (isAddress) found('ip', place, bytes, start, addressEnd);
    }
  };

  /** The same of a word, or of the words between the blanks in it. */
  const form = (bytes: Uint8Array, start: number, end: number, to: number, place: number): void => {
    let piece = start;
    for (let at = start; at < end; ) {
      const size = (bytes[at] as number) < 0x80 ? 0 : blankBytes(bytes, at);
      if (size > 0 && at > piece) formOf(bytes, piece, at, to, place);
      at += Math.max(size, 1);
      if (size > 0) piece = at;
    }
    if (piece < end) formOf(bytes, piece, end, to, place);
  };

  /** Encoded text that begins with a word. */
  const run = (bytes: Uint8Array, start: number, end: number, to: number, depth: number, place: number, ends: Ends): void => {
    const isRun = (end - start >= shortestRun || bytes[end] === slash) && start >= ends.run && depth < deepest;
    if (isRun) ends.run = longRun(bytes, start, to, depth, place);
  };

  const scanRange = (bytes: Uint8Array, from: number, to: number, framing: Framing | 'binary', depth: number, origin: number): void => {
    const ends = newEnds();
    let at = from;
    while (at < to) {
      const kind = traits[bytes[at] as number] as number;
      if ((kind & interesting) === 0) {
        at += 1;
        continue;
      }
      const start = at;
      const place = depth === 0 ? start : origin;
      if ((kind & triggerByte) !== 0) {
        sign(bytes, at, to, framing, depth, place, ends);
        at += framing === 'table' && bytes[at] === backslash ? 2 : 1;
        continue;
      }
      let hash = hashStart;
      let remark = 0;
      let trait = kind;
      do {
        const part = (trait >>> sweepTraits.hashShift) & 0xff;
        if (part !== 0) hash = nextHash(hash, part);
        remark |= trait;
        at += 1;
        if (at === to) break;
        trait = traits[bytes[at] as number] as number;
      } while ((trait & wordByte) !== 0);
      if ((remark & foldedOddly) !== 0 || (watch.mayEndWith(hash) && mayBeAnchor(bytes, start, at))) {
        phrases.look(bytes, start, at, to, framing === 'table', place);
      }
      numbersOf(bytes, start, at, to, remark, place, ends);
      const next = at < to ? bytes[at] : 0;
      // So few digits alone are neither a secret nor encoded text.
      const isPlain = (remark & lettered) === 0 && at - start < shortestHex;
      if (!isPlain || bytes[start] === hyphen || next === slash || next === colon) {
        form(bytes, start, at, to, place);
        run(bytes, start, at, to, depth, place, ends);
      }
    }
  };

  /** Numbers that begin in the words of a range. */
  const numbersIn = (bytes: Uint8Array, from: number, rangeEnd: number, ends: Ends): void => {
    for (let at = from; at < rangeEnd; ) {
      const start = at;
      let remark = 0;
      for (; at < bytes.length && is(bytes[at], wordByte); at += 1) remark |= traits[bytes[at] as number] as number;
      if (at > start) numbersOf(bytes, start, at, bytes.length, remark, start, ends);
      else at += 1;
    }
  };

  const notes = new Int32Array(sweep.memory.buffer, notesAt);
  new Int32Array(sweep.memory.buffer, traitsAt, traits.length).set(traits);
  for (const beginning of secretBeginnings) {
    const at = beginningsAt + (beginning >>> 3);
    sweepMemory[at] = (sweepMemory[at] as number) | (1 << (beginning & 7));
  }
  let sweptFilters = -1;

  /** The same as `scanRange` on the whole text, for texts of many bytes: only what the sweep has noted is looked at. */
  const scanText = (bytes: Uint8Array, framing: Framing): void => {
    const { length } = bytes;
    if (watch.filters.version !== sweptFilters) {
      sweepMemory.set(watch.filters.words, wordFilterAt);
      sweepMemory.set(watch.filters.phones, phoneFilterAt);
      sweepMemory.set(watch.filters.coarseWords, coarseFilterAt);
      phrases.forget();
      harmless.fill(0);
      sweptFilters = watch.filters.version;
    }
    if (length <= mostTextBytes) {
      sweepMemory.set(bytes, textAt);
      sweepMemory.fill(0, textAt + length, textAt + length + 8);
    }
    const count = length <= mostTextBytes ? sweep.sweep(length, framing === 'table' ? 1 : 0) : -1;
    if (count < 0) {
      scanRange(bytes, 0, length, framing, 0, 0);
      return;
    }
    const ends = newEnds();
    for (let note = 0; note < count * 3; note += 3) {
      const kind = notes[note] as number;
      const start = notes[note + 1] as number;
      const end = notes[note + 2] as number;
      if (kind === wordNote) phrases.look(bytes, start, end, length, framing === 'table', start);
      else if (kind === formNote) form(bytes, start, end, length, start);
      else if (kind === runNote) run(bytes, start, end, length, 0, start, ends);
      else if (kind === phoneNote && numbers.isExpected(bytes, start)) continue;
      else if (kind === numberNote || kind === phoneNote) numbersIn(bytes, start, end, ends);
      else sign(bytes, start, length, framing, 0, start, ends);
    }
  };

  for (const literal of literals) scanRange(new Uint8Array(literal), 0, literal.length, 'text', 0, 0);
  // A column with the development password's hash has it in every row.
  let lastAllowed = new Uint8Array(0);
  const isAllowed = (rule: LeakRule, bytes: Uint8Array, from: number, to: number): boolean => {
    if (sameBytes(lastAllowed, bytes, from, to)) return true;
    if (!allowed.has(identity(rule, bytes, from, to))) return false;
    lastAllowed = bytes.slice(from, to);
    return true;
  };
  return (bytes, framing, report, phoneColumns = []) => {
    sink = (rule, place, where, from, to) => {
      if (rule.startsWith('known-') || !isAllowed(rule, where, from, to)) report(rule, place, where, from, to);
    };
    // Always a plain array of bytes, never a Buffer: the engine then reads it without asking which of the two it is.
    const text = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    numbers.expectPhones(text, phoneColumns);
    scanText(text, framing);
  };
}

/** Up to where a text was looked at as something larger than a word. */
type Ends = { run: number; number: number; escaped: number; percent: number; entity: number; wide: number };

function newEnds(): Ends {
  return { run: 0, number: 0, escaped: 0, percent: 0, entity: 0, wide: 0 };
}

function sameBytes(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  if (a.length !== to - from) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[from + at]) return false;
  return true;
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
    if (((escapes[bytes[at + 1] as number] as number) & kind) !== 0) return true;
    at += 1;
  }
  return false;
}

/** A short word is one only behind a blank or an apostrophe. */
function mayBeAnchor(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from >= shortestAnchor || bytes[from - 1] === space || bytes[from - 1] === apostrophe || !isAsciiOnly(bytes, from, to);
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

/** Whether a number can go on behind this byte, which is no word's: a blank, a parenthesis, a slash. */
function goesOn(byte: number): boolean {
  return byte === space || byte === 0x28 || byte === 0x29 || byte === slash;
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

const longestIdentity = 300;
const lineEscapes = /\\[nr]|[^A-Za-z0-9]/g;

/** Equal for the same text with other line ends: a key is written in lines. */
function identity(rule: LeakRule, bytes: Uint8Array, from: number, to: number): string {
  const text = latin1(bytes, from, Math.min(to, from + longestIdentity))
    .replaceAll(lineEscapes, '')
    .toLowerCase();
  return `${rule}:${rule === 'private-key' ? text.slice(0, 120) : text}`;
}
