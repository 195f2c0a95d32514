import type { WatchKind } from '../../anonymizers/primitives.ts';
import { createAccountReader } from './accounts.ts';
import { domainByte, is, isAsciiOnly, isLetterOrDigit, localByte, wordByte } from './bytes.ts';
import { createIsDistinct } from './distinct.ts';
import { longestDomain, longestLocal, shortestDomain } from './emails.ts';
import { longestPhrase, mostBehindAnchor, mostWords, phraseHash, shortestAnchor } from './phrases.ts';
import { coarseFilterBytes } from './sweep-memory.ts';
import { domainMark, indistinctMark, kindMarks, setBit, setBits, shortestPhone, type WatchedTags } from './watched-tags.ts';
import { wordHash } from './word-hash.ts';
import { createWordWalk } from './word-walk.ts';

/** A piece of a secret by which it is found. */
const shortestSecret = 16;
const space = 0x20;
const apostrophe = 0x27;
const atSign = 0x40;
const notUtf8 = 0xff;
const walk = createWordWalk(false);

/** Remembers a real value, `bytes[start, end)`. */
export type AddWatched = (kind: WatchKind, bytes: Uint8Array, start: number, end: number) => void;

/** @param common words, in lower case, that occur in the output without being anybody's */
export function createAddWatched(watched: WatchedTags, common: ReadonlySet<string>): AddWatched {
  const { ascii, filters, phrases, fold, foldPhone, mark } = watched;
  const isDistinct = createIsDistinct(common);
  const accounts = createAccountReader();
  /** Of the address that came last: many addresses have the domain of the one before. */
  const lastDomain = new Uint8Array(256);
  let lastDomainLength = -1;

  const addPhone = (value: Uint8Array, start: number, end: number): void => {
    const count = foldPhone(value, start, end);
    if (count === 0) {
      mark('words', fold('folded', value, start, end), indistinctMark);
      return;
    }
    const { bytes } = ascii;
    let last = 0;
    for (let at = count - shortestPhone; at < count; at += 1) last = last * 10 + (bytes[at] as number) - 0x30;
    setBits(filters.phones, last);
    mark('phone', count, kindMarks.phone);
  };
  const addEmail = (value: Uint8Array, start: number, end: number): void => {
    const length = fold('folded', value, start, end);
    const { bytes } = watched.folding;
    let at = length - 1;
    let hasDot = false;
    let isDomain = is(bytes[at], domainByte) && isLetterOrDigit(bytes[at]);
    for (; at > 0 && bytes[at] !== atSign; at -= 1) {
      hasDot ||= bytes[at] === 0x2e;
      isDomain &&= is(bytes[at], domainByte);
    }
    let from = at;
    while (from > 0 && is(bytes[from - 1], localByte)) from -= 1;
    // Only what the scan can take for an address in a text; bytes that are not UTF-8 have a mark before them.
    const hasDomain = hasDot && isDomain && length - at > shortestDomain && length - at <= longestDomain;
    if (!hasDomain || from > 0 || at < 1 || at > longestLocal || bytes[0] === notUtf8) {
      addWords('login', value, start, end);
      // `Marie Dupont <marie@acme.fr>`: what the address is in the form that it has in texts.
      const inner = from < at && at > 0 ? innerAddress(value, start, end) : undefined;
      if (inner) addEmail(inner, 0, inner.length);
      return;
    }
    mark('email', length, kindMarks.email);
    const domainLength = length - at - 1;
    let isLast = domainLength === lastDomainLength;
    for (let byte = 0; isLast && byte < domainLength; byte += 1) isLast = bytes[at + 1 + byte] === lastDomain[byte];
    if (isLast) return;
    // A copy: folding writes where the address stands.
    const domain = bytes.slice(at + 1, length);
    lastDomainLength = domainLength <= lastDomain.length ? domainLength : -1;
    if (lastDomainLength >= 0) lastDomain.set(domain);
    mark('domain', fold('folded', domain, 0, domainLength), domainMark);
  };
  const watchAnchor = (hash: number): void => {
    const first = setBits(filters.words, hash);
    setBit(filters.coarseWords, first & (coarseFilterBytes * 8 - 1));
  };
  const addWords = (kind: WatchKind, value: Uint8Array, start: number, end: number): void => {
    const length = fold('words', value, lastPhraseFrom(value, start, end), end);
    const { folding, spelled: form } = watched;
    const { bytes } = folding;
    const spelled = form?.spelled ?? bytes;
    const spelledLength = form?.spelledLength ?? length;
    const anchor = isDistinct(kind, bytes, length) ? anchorOf(spelled, spelledLength, value, start, end) : -1;
    if (anchor < 0) {
      mark('words', length, indistinctMark);
      return;
    }
    const hash = anchor === 0 ? folding.lastWordHash(length) : hashOfWord(bytes, length, anchor);
    watchAnchor(hash);
    if (form) {
      watchAnchor(hashOfWord(spelled, spelledLength, anchor));
      // Some characters are never composed again.
      let at = end;
      for (let number = 0; number <= anchor && walk.before(value, at, start); number += 1) at = walk.start;
      watchAnchor(wordHash(value, walk.start, walk.end));
    }
    let firstTo = 0;
    while (firstTo < length && bytes[firstTo] !== space) firstTo += 1;
    if (firstTo < length) setBits(phrases, phraseHash(wordHash(bytes, 0, firstTo), hash));
    mark('words', length, kindMarks[kind]);
  };
  const addValue = (value: Uint8Array, start: number, end: number): void => {
    const length = accounts.read(value, start, end);
    if (length === 0) addWords('value', value, start, end);
    else addWords('value', accounts.bytes, 0, length);
  };
  /** A piece of a secret that begins here, if it is long enough. Gives where it ends. */
  const addPiece = (value: Uint8Array, start: number, end: number): number => {
    const taken = value === ascii.values ? watched.takeWord(start, end) : -1;
    let to = taken;
    if (taken < 0) for (to = start; to < end && is(value[to], wordByte); ) to += 1;
    if (to - start < shortestSecret) return to;
    if (taken < 0 || !isDistinct('secret', ascii.bytes, ascii.takenLength)) addWords('secret', value, start, to);
    else {
      watchAnchor(ascii.takenHash);
      mark('words', ascii.takenLength, kindMarks.secret);
    }
    return to;
  };
  /** A secret is found by any of its long pieces: a PEM by each line, a hash without its scheme; one without any as a whole. */
  const addSecret = (value: Uint8Array, from: number, end: number): void => {
    let hasLong = false;
    for (let start = from; start < end; ) {
      const to = addPiece(value, start, end);
      hasLong ||= to - start >= shortestSecret;
      start = to + 1;
    }
    if (!hasLong) addWords('secret', value, from, end);
  };

  return (kind, bytes, start, end) => {
    filters.version += 1;
    if (kind === 'phone') addPhone(bytes, start, end);
    else if (kind === 'secret') addSecret(bytes, start, end);
    // What is no address is taken as a login.
    else if (kind === 'email' || kind === 'login') addEmail(bytes, start, end);
    else if (kind === 'value') addValue(bytes, start, end);
    else addWords(kind, bytes, start, end);
  };
}

/** Where the last words of a value begin, as many as a phrase in a text can have: it is found by them. */
function lastPhraseFrom(value: Uint8Array, start: number, end: number): number {
  if (end - start < 2 * mostWords || (end - start <= longestPhrase && mostWordsIn(value, start, end) <= mostWords)) return start;
  let from = end;
  for (let words = 0; words < mostWords && walk.before(value, from, start); words += 1) {
    if (words > 0 && end - walk.start > longestPhrase) return from;
    from = walk.start;
  }
  return from;
}

/** Not fewer than there are. */
function mostWordsIn(value: Uint8Array, start: number, end: number): number {
  let words = 1;
  for (let at = start; at < end; at += 1) if ((value[at] as number) >= 0x80 || !is(value[at], wordByte)) words += 1;
  return words;
}

/** Whether the last word stands behind a blank or an apostrophe: even a short one is then looked at. */
function followsBlank(value: Uint8Array, start: number, end: number): boolean {
  let at = walk.before(value, end, start) ? walk.start : start;
  while (at > start && is(value[at - 1], wordByte)) at -= 1;
  return at > start && (value[at - 1] === space || value[at - 1] === apostrophe);
}

/**
 * By which of its words a phrase is found, counted from the last; -1 where it cannot be found for sure.
 * @param bytes the phrase in the form of `word-form.ts`, with accents
 * @param value as it is
 */
function anchorOf(bytes: Uint8Array, length: number, value: Uint8Array, start: number, end: number): number {
  let wordTo = length;
  for (let number = 0; number <= mostBehindAnchor && wordTo > 0; number += 1) {
    const wordFrom = lastWordFrom(bytes, wordTo);
    if (wordTo - wordFrom >= shortestAnchor || !isAsciiOnly(bytes, wordFrom, wordTo)) return number;
    if (number === 0 && followsBlank(value, start, end)) return 0;
    wordTo = wordFrom - 1;
  }
  return -1;
}

/** The address in a longer value; `undefined` where there is none. */
function innerAddress(value: Uint8Array, start: number, end: number): Uint8Array | undefined {
  const at = value.subarray(start, end).lastIndexOf(atSign) + start;
  let from = at;
  while (from > start && is(value[from - 1], localByte)) from -= 1;
  let to = at + 1;
  while (to < end && is(value[to], domainByte)) to += 1;
  while (to > at + 1 && !isLetterOrDigit(value[to - 1])) to -= 1;
  return from < at && to - from < end - start && at - from <= longestLocal ? value.slice(from, to) : undefined;
}

function lastWordFrom(bytes: Uint8Array, to: number): number {
  let from = to;
  while (from > 0 && bytes[from - 1] !== space) from -= 1;
  return from;
}

/** @param number counted from the last */
function hashOfWord(bytes: Uint8Array, length: number, number: number): number {
  let to = length;
  for (let later = 0; later < number; later += 1) to = lastWordFrom(bytes, to) - 1;
  return wordHash(bytes, lastWordFrom(bytes, to), to);
}
