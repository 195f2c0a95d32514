import {
  type AccountPermutationKey,
  createAccountPermutation,
  createPhoneParser,
  createPhonePermutation,
  type Key,
  type PhonePermutationKey,
  type phoneCountries,
  type WatchKind,
} from '../../anonymizers/primitives.ts';
import { createAccountReader } from './accounts.ts';
import { domainByte, is, isAsciiOnly, isLetterOrDigit, localByte, wordByte } from './bytes.ts';
import { createIsDistinct } from './distinct.ts';
import { longestDomain, longestLocal, shortestDomain } from './emails.ts';
import { createAsciiFolding, createFolding, type Folding, type WatchKeys } from './folding.ts';
import { longestPhrase, mostBehindAnchor, mostWords, phraseHash, shortestAnchor } from './phrases.ts';
import { coarseFilterBytes, filterBytes, firstBit, secondBit } from './sweep-memory.ts';
import { createTagSet, exactLimit } from './tag-set.ts';
import { wordHash } from './word-hash.ts';
import { createWordWalk } from './word-walk.ts';

type PhoneCountry = (typeof phoneCountries)[number];

/** Marks of a tag. A domain alone is no leak: it only tells which addresses are worth a closer look. */
const kindMarks: Readonly<Record<WatchKind, number>> = { login: 4, name: 8, secret: 16, value: 32, email: 64, phone: 128 };
const domainMark = 1;
/** Of a value that is left out. */
const indistinctMark = 2;
const kinds = Object.entries(kindMarks) as [WatchKind, number][];

const shortestSecret = 16;
const shortestPhone = 8;
const mostDigits = 64;
const space = 0x20;
const apostrophe = 0x27;
const atSign = 0x40;
const notUtf8 = 0xff;
const walk = createWordWalk(false);

export type WatchList = {
  /** Room for values that are added from where they stand in it; any other bytes are taken as well. */
  readonly values: Uint8Array;
  /** Remembers a real value, `bytes[start, end)`; all of the bytes where the ends are left out. */
  add(kind: WatchKind, bytes: Uint8Array, start?: number, end?: number): void;
  /** True where addresses of this domain are watched. */
  knowsDomain(domain: Uint8Array): boolean;
  email(address: Uint8Array): WatchKind | undefined;
  /** @param text a number as it is written, with its separators */
  phone(text: Uint8Array): WatchKind | undefined;
  /** Whether this is a phone number that an anonymizer has written in the place of a watched one. */
  isPhonePseudonym(text: Uint8Array): boolean;
  /** @param text a valid IBAN or card number, letters and digits only; `pseudonym` where it was written in the place of a watched one */
  account(text: Uint8Array): WatchKind | 'pseudonym' | undefined;
  /** @param text one word or several */
  words(text: Uint8Array): WatchKind | undefined;
  /** Fast and sometimes wrong with a yes, never with a no: by the `wordHash` of a word by which values are found, mostly their last. */
  mayEndWith(hash: number): boolean;
  /** Likewise by the `phraseHash` of several words. */
  mayBePhrase(hash: number): boolean;
  /** Likewise by the number's last eight digits. */
  mayBePhone(lastDigits: number): boolean;
  /** What `mayEndWith` and `mayBePhone` answer by, as the sweep has it in its memory; `version` changes with them. */
  readonly filters: { readonly words: Uint8Array; readonly coarseWords: Uint8Array; readonly phones: Uint8Array; readonly version: number };
  counts(): WatchCounts;
};

export type WatchCounts = {
  /** Different values by kind. */
  readonly values: Readonly<Record<WatchKind, number>>;
  /** Different values left out since they are too short, made of short pieces only, or words that anonymizers or the structure use too. */
  readonly indistinct: number;
  /** How often a real phone, card or account number was passed over since it is another one's pseudonym. */
  readonly ambiguous: number;
  readonly overflow: number;
  readonly falsePositiveRate: number;
};

export function watchKeys(key: Key): WatchKeys {
  const of = (purpose: keyof WatchKeys): Uint8Array => key.subKey(`leak-scan/1/${purpose}`);
  return { email: of('email'), domain: of('domain'), phone: of('phone'), words: of('words') };
}

export type WatchListSettings = {
  readonly keys: WatchKeys;
  /** Of numbers written without one. */
  readonly country: PhoneCountry;
  /** Words, in lower case, that occur in the output without being anybody's. */
  readonly common: ReadonlySet<string>;
  /** How phone numbers are replaced in the output. */
  readonly phonePermutations: readonly PhonePermutationKey[];
  /** How IBANs and card numbers are. */
  readonly accountPermutations?: readonly AccountPermutationKey[];
};

/** The real values that must not be written, as keyed 64-bit tags; the values themselves are not kept. */
export function createWatchList(settings: WatchListSettings, limit: number = exactLimit): WatchList {
  const { keys, country, common } = settings;
  const tags = createTagSet(limit);
  const anyFolding = createFolding(keys);
  const asciiFolding = createAsciiFolding(keys);
  /** Of a phone number, where they are hashed. */
  const digits = asciiFolding.bytes;
  const isDistinct = createIsDistinct(common);
  const parsePhone = createPhoneParser(country);
  const tag = new Uint32Array(4);
  const filters = {
    words: new Uint8Array(filterBytes),
    coarseWords: new Uint8Array(coarseFilterBytes),
    phones: new Uint8Array(filterBytes),
    version: 0,
  };
  const phrases = new Uint8Array(filterBytes);
  /** Of the address that came last: many addresses have the domain of the one before. */
  const lastDomain = new Uint8Array(256);
  let lastDomainLength = -1;
  const permutations = settings.phonePermutations.map(createPhonePermutation);
  const accountPermutations = (settings.accountPermutations ?? []).map(createAccountPermutation);
  const accounts = createAccountReader();
  let ambiguous = 0;

  /** The last value stands in it. */
  let folding: Folding = anyFolding;
  const fold = (way: 'folded' | 'words', value: Uint8Array, start: number, end: number): number => {
    folding = asciiFolding;
    const length = folding[way](value, start, end);
    if (length >= 0) return length;
    folding = anyFolding;
    return folding[way](value, start, end);
  };
  const mark = (purpose: keyof WatchKeys, length: number, kindMark: number): void => {
    folding.tag(purpose, length, tag);
    tags.add(tag[0] as number, tag[1] as number, kindMark);
  };
  const marksOf = (purpose: keyof WatchKeys, length: number): number => {
    folding.tag(purpose, length, tag);
    return tags.marksOf(tag[0] as number, tag[1] as number);
  };
  const ask = (purpose: keyof WatchKeys, text: Uint8Array): number =>
    marksOf(purpose, fold(purpose === 'words' ? 'words' : 'folded', text, 0, text.length));
  /** The digits of the number in its international form, or as they are where it has none; 0 where there are too few. */
  const phoneDigits = (bytes: Uint8Array, start: number, end: number): number => {
    const number = parsePhone(bytes, start, end);
    let count = 0;
    if (number) {
      for (; count < number.prefixLength; count += 1) digits[count] = 0x30 + (number.prefix[count] as number);
      for (let at = number.subscriber; at < number.count; at += 1) digits[count++] = 0x30 + (number.digits[at] as number);
    } else {
      for (let at = start; at < end; at += 1) {
        const byte = bytes[at] as number;
        if (byte >= 0x30 && byte <= 0x39 && count < mostDigits) digits[count++] = byte;
      }
    }
    return count < shortestPhone ? 0 : count;
  };
  const knowsPhone = (text: Uint8Array): boolean => {
    const count = phoneDigits(text, 0, text.length);
    if (count === 0) return false;
    folding = asciiFolding;
    return marksOf('phone', count) !== 0;
  };
  const addPhone = (value: Uint8Array, start: number, end: number): void => {
    const count = phoneDigits(value, start, end);
    if (count === 0) {
      mark('words', fold('folded', value, start, end), indistinctMark);
      return;
    }
    let last = 0;
    for (let at = count - shortestPhone; at < count; at += 1) last = last * 10 + (digits[at] as number) - 0x30;
    setBits(filters.phones, last);
    folding = asciiFolding;
    mark('phone', count, kindMarks.phone);
  };
  const addEmail = (value: Uint8Array, start: number, end: number): void => {
    const length = fold('folded', value, start, end);
    const { bytes } = folding;
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
    const { bytes } = folding;
    const hasAccents = folding === anyFolding;
    const spelled = hasAccents ? anyFolding.form.spelled : bytes;
    const spelledLength = hasAccents ? anyFolding.form.spelledLength : length;
    const anchor = isDistinct(kind, bytes, length) ? anchorOf(spelled, spelledLength, value, start, end) : -1;
    if (anchor < 0) {
      mark('words', length, indistinctMark);
      return;
    }
    const hash = anchor === 0 ? folding.lastWordHash(length) : hashOfWord(bytes, length, anchor);
    watchAnchor(hash);
    if (hasAccents) {
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
  const isPhonePseudonym = (text: Uint8Array): boolean =>
    permutations.some(({ original }) => {
      const real = original(text);
      return real !== undefined && knowsPhone(real);
    });
  /** A secret is found by any of its long pieces: a PEM by each line, a hash without its scheme; one without any as a whole. */
  const addSecret = (value: Uint8Array, from: number, end: number): void => {
    let hasLong = false;
    for (let start = from; start < end; ) {
      const at = asciiFolding.wordEnd(value, start, end);
      if (at - start >= shortestSecret) {
        addWords('secret', value, start, at);
        hasLong = true;
      }
      start = at + 1;
    }
    if (!hasLong) addWords('secret', value, from, end);
  };

  return {
    values: asciiFolding.values,
    filters,
    add(kind, bytes, start = 0, end = bytes.length) {
      filters.version += 1;
      if (kind === 'phone') addPhone(bytes, start, end);
      else if (kind === 'secret') addSecret(bytes, start, end);
      // What is no address is taken as a login.
      else if (kind === 'email' || kind === 'login') addEmail(bytes, start, end);
      else if (kind === 'value') addValue(bytes, start, end);
      else addWords(kind, bytes, start, end);
    },
    knowsDomain: (domain) => ask('domain', domain) !== 0,
    email: (address) => kindOf(ask('email', address)),
    phone(text) {
      if (!knowsPhone(text)) return undefined;
      // A real number can by chance be what stands for another one: then it tells nothing.
      if (!isPhonePseudonym(text)) return 'phone';
      ambiguous += 1;
      return undefined;
    },
    isPhonePseudonym,
    account(text) {
      const known = kindOf(ask('words', text));
      for (const { original } of accountPermutations) {
        const real = original(text);
        if (!real || kindOf(ask('words', real)) === undefined) continue;
        if (known) ambiguous += 1;
        return 'pseudonym';
      }
      return known;
    },
    words: (text) => kindOf(ask('words', text)),
    mayEndWith: (hash) => hasBits(filters.words, hash),
    mayBePhrase: (hash) => hasBits(phrases, hash),
    mayBePhone: (lastDigits) => hasBits(filters.phones, lastDigits),
    counts: () => ({
      values: Object.fromEntries(kinds.map(([kind, kindMark]) => [kind, tags.count(kindMark)])) as Record<WatchKind, number>,
      indistinct: tags.count(indistinctMark),
      ambiguous,
      overflow: tags.overflow,
      falsePositiveRate: tags.falsePositiveRate,
    }),
  };
}

/** Where the last words of a value begin, as many as a phrase in a text can have: it is found by them. */
function lastPhraseFrom(value: Uint8Array, start: number, end: number): number {
  if (end - start < 2 * mostWords || isOneWord(value, start, end)) return start;
  let from = end;
  for (let words = 0; words < mostWords && walk.before(value, from, start); words += 1) {
    if (words > 0 && end - walk.start > longestPhrase) return from;
    from = walk.start;
  }
  return from;
}

function isOneWord(value: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if ((value[at] as number) >= 0x80 || !is(value[at], wordByte)) return false;
  return true;
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

function kindOf(marks: number): WatchKind | undefined {
  return kinds.find(([, kindMark]) => (marks & kindMark) !== 0)?.[0];
}

function hasBits(filter: Uint8Array, value: number): boolean {
  const first = firstBit(value);
  return hasBit(filter, first) && hasBit(filter, secondBit(value, first));
}

/** Gives the place of the first. */
function setBits(filter: Uint8Array, value: number): number {
  const first = firstBit(value);
  setBit(filter, first);
  setBit(filter, secondBit(value, first));
  return first;
}

function hasBit(filter: Uint8Array, place: number): boolean {
  return ((filter[place >>> 3] as number) & (1 << (place & 7))) !== 0;
}

function setBit(filter: Uint8Array, place: number): void {
  filter[place >>> 3] = (filter[place >>> 3] as number) | (1 << (place & 7));
}
