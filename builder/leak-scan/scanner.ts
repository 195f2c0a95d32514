import type { LeakRule } from '../../anonymizers/primitives.ts';
import { createAccountFinder } from './accounts.ts';
import { numbered, punctuated, traits } from './byte-traits.ts';
import { digitByte, is, isAsciiOnly, isLetterOrDigit, latin1, triggerByte, wordByte } from './bytes.ts';
import { bcryptLength, isBcrypt } from './detectors.ts';
import { createEmailScan } from './emails.ts';
import { createEncodings, type Frame, newUndone, type Undone } from './encodings.ts';
import { createFormScan } from './form-scan.ts';
import { isBehindBlank } from './group-signs.ts';
import { createNumberScan } from './numbers.ts';
import { createPassedFields } from './passed-fields.ts';
import { createPhraseScan, isInAddress, isJoining, lastPieceFrom, shortestAnchor } from './phrases.ts';
import { secretBeginnings } from './secrets.ts';
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
import { shortestHex } from './sweep-runs-wasm.ts';
import { createSweep } from './sweep-wasm.ts';
import type { WatchList } from './watch-list.ts';
import { hashStart, nextHash, wordHash } from './word-hash.ts';

/** @param place offset in what is scanned; `bytes[from, to)` is what was found, perhaps decoded. */
export type Found = (rule: LeakRule, place: number, bytes: Uint8Array, from: number, to: number) => void;

/** `table` is text of rows with its escapes, `text` anything else. */
export type Framing = 'table' | 'text';

/**
 * Scans a whole text; findings come in no order.
 * @param phoneColumns of rows, those whose every value the rule `phone` has written: nobody undoes these, which would take as long as all the rest
 */
export type Scan = (bytes: Uint8Array, framing: Framing, found: Found, phoneColumns?: readonly number[]) => void;

const nothing = new Uint8Array(0);
const shortestNumber = 7;
const interesting = wordByte | triggerByte;

const space = 0x20;
const dollar = 0x24;
const apostrophe = 0x27;
const plus = 0x2b;
const hyphen = 0x2d;
const slash = 0x2f;
const colon = 0x3a;
const atSign = 0x40;
const backslash = 0x5c;

const { beyondAscii, blank, foldedOddly, joining, lettered } = sweepTraits;

/** @param literals what the policy itself writes: forms that are found in it are allowed wherever they stand */
export function createScan(watch: WatchList, literals: readonly Uint8Array[]): Scan {
  const allowed = new Set<string>();
  let sink: Found = (rule, _place, bytes, from, to) => allowed.add(identity(rule, bytes, from, to));
  const fields = createPassedFields();
  const found: Found = (rule, place, bytes, from, to) => {
    fields.spoil();
    sink(rule, place, bytes, from, to);
  };
  const account = createAccountFinder(watch, found);
  const numbers = createNumberScan(watch, found, account);
  const sweep = createSweep();
  const sweepMemory = new Uint8Array(sweep.memory.buffer);
  const harmless = sweepMemory.subarray(harmlessAt, harmlessAt + 1 + longestHarmless);
  const email = createEmailScan(watch, found, harmless);
  const phrases = createPhraseScan(watch, found);
  const form = createFormScan(found, account);
  const encodings = createEncodings((bytes, from, to, framing, depth, place) => scanRange(bytes, from, to, framing, depth, place));

  /** The signs `@ $ % & \`. */
  const sign = (bytes: Uint8Array, at: number, to: number, framing: Frame, depth: number, place: number, undone: Undone): void => {
    const byte = bytes[at];
    if (byte === atSign) email(bytes, at, to, place, depth > 0);
    else if (byte !== dollar) encodings.sign(bytes, at, to, framing, depth, place, undone);
    else if (isBcrypt(bytes, at, to)) found('bcrypt', place, bytes, at, at + bcryptLength);
  };

  /** Whether a word such as `marie.dupont` may end with one by which a value is found. An address is looked at as a whole. */
  const endsJoined = (bytes: Uint8Array, start: number, end: number): boolean => {
    if (isInAddress(bytes, end)) return false;
    let to = end;
    while (isJoining(bytes[to - 1])) to -= 1;
    const from = lastPieceFrom(bytes, start, to);
    return from >= start + 2 && to - from >= shortestAnchor && watch.mayEndWith(wordHash(bytes, from, to));
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

  const scanRange = (bytes: Uint8Array, from: number, to: number, framing: Frame, depth: number, origin: number): void => {
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
      const mayEnd =
        (remark & foldedOddly) !== 0 ||
        (watch.mayEndWith(hash) && mayBeAnchor(bytes, start, at)) ||
        ((remark & joining) !== 0 && (remark & (lettered | beyondAscii)) !== 0 && endsJoined(bytes, start, at));
      if (mayEnd) {
        phrases.look(bytes, start, at, to, framing === 'table', place);
      }
      numbersOf(bytes, start, at, to, remark, place, ends);
      const next = at < to ? bytes[at] : 0;
      // So few digits alone are neither a secret nor encoded text.
      const isPlain = (remark & lettered) === 0 && at - start < shortestHex;
      if (!isPlain || bytes[start] === hyphen || next === slash || next === colon) {
        form(bytes, start, at, to, place);
        encodings.run(bytes, start, at, to, depth, place, ends);
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
      fields.forget();
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
    const isTable = framing === 'table';
    fields.begin(isTable ? bytes : nothing);
    let { ambiguous } = watch;
    for (let note = 0; note < count * 3; note += 3) {
      const kind = notes[note] as number;
      const start = notes[note + 1] as number;
      const end = notes[note + 2] as number;
      // A run and a form are looked at in less time than a field is compared.
      if (isTable && kind !== runNote && kind !== formNote && fields.isPassed(start)) continue;
      if (kind === wordNote) phrases.look(bytes, start, end, length, isTable, start);
      else if (kind === formNote) form(bytes, start, end, length, start);
      else if (kind === runNote) encodings.run(bytes, start, end, length, 0, start, ends);
      else if (kind === phoneNote && numbers.isExpected(bytes, start)) fields.spoil();
      else if (kind === numberNote || kind === phoneNote) numbersIn(bytes, start, end, ends);
      else sign(bytes, start, length, framing, 0, start, ends);
      // It counts, so it must not depend on what came before.
      if (watch.ambiguous !== ambiguous) fields.spoil();
      ({ ambiguous } = watch);
    }
    fields.end();
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
type Ends = Undone & { number: number };

function newEnds(): Ends {
  return { ...newUndone(), number: 0 };
}

function sameBytes(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  if (a.length !== to - from) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[from + at]) return false;
  return true;
}

/** A short word is one only behind a blank or an apostrophe. */
function mayBeAnchor(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from >= shortestAnchor || bytes[from - 1] === space || bytes[from - 1] === apostrophe || !isAsciiOnly(bytes, from, to);
}

/** Whether a number can go on behind this byte, which is no word's: a blank, a parenthesis, a slash. */
function goesOn(byte: number): boolean {
  return byte === space || byte === 0x28 || byte === 0x29 || byte === slash;
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
