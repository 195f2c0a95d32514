import {
  type AccountPermutationKey,
  createPhoneParser,
  type PhonePermutationKey,
  type phoneCountries,
  type WatchKind,
} from '../../anonymizers/primitives.ts';
import { createAsciiFolding, createFolding, type Folding, type WatchKeys } from './folding.ts';
import { coarseFilterBytes, filterBytes, firstBit, secondBit } from './sweep-memory.ts';
import { createTagSet, exactLimit, type TagSet } from './tag-set.ts';
import type { WordForm } from './word-form.ts';

type PhoneCountry = (typeof phoneCountries)[number];

/** Marks of a tag. A domain alone is no leak: it only tells which addresses are worth a closer look. */
export const kindMarks: Readonly<Record<WatchKind, number>> = { login: 4, name: 8, secret: 16, value: 32, email: 64, phone: 128 };
export const domainMark = 1;
/** Of a value that is left out. */
export const indistinctMark = 2;

/** A phone number with fewer digits is none. */
export const shortestPhone = 8;
const mostDigits = 64;

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

/** The tags of the values that are watched, with the filters that say quickly what is none of them. Values are brought to their form here. */
export type WatchedTags = {
  readonly tags: TagSet;
  readonly filters: Filters;
  /** A filter of phrases, by their `phraseHash`. */
  readonly phrases: Uint8Array;
  readonly ascii: ReturnType<typeof createAsciiFolding>;
  /** The value that was brought to its form last stands in it. */
  readonly folding: Folding;
  /** The same with its accents; undefined where it has none. */
  readonly spelled: WordForm | undefined;
  /** Brings a value to its form; gives the length. */
  fold(way: 'folded' | 'words', value: Uint8Array, start: number, end: number): number;
  /** Likewise the bytes of words that begin at `from` of the room for values; gives where they end, -1 where it cannot tell (see `folding.ts`). */
  takeWord(from: number, end: number): number;
  /** Likewise the digits of a number in its international form, or as they are where it has none; gives 0 where there are too few. */
  foldPhone(bytes: Uint8Array, start: number, end: number): number;
  /** Marks the value that was brought to its form last. */
  mark(purpose: keyof WatchKeys, length: number, kindMark: number): void;
  /** Its marks. */
  marksOf(purpose: keyof WatchKeys, length: number): number;
};

/** What the sweep has in its memory, too; `version` changes with them. */
export type Filters = { readonly words: Uint8Array; readonly coarseWords: Uint8Array; readonly phones: Uint8Array; version: number };

export function createWatchedTags({ keys, country }: Pick<WatchListSettings, 'keys' | 'country'>, expected: number): WatchedTags {
  const tags = createTagSet(exactLimit, expected);
  const anyFolding = createFolding(keys);
  const asciiFolding = createAsciiFolding(keys);
  /** Of a phone number, where they are hashed. */
  const digits = asciiFolding.bytes;
  const parsePhone = createPhoneParser(country);
  const tag = new Uint32Array(4);
  const filters: Filters = {
    words: new Uint8Array(filterBytes),
    coarseWords: new Uint8Array(coarseFilterBytes),
    phones: new Uint8Array(filterBytes),
    version: 0,
  };
  const phrases = new Uint8Array(filterBytes);
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
  const foldPhone = (bytes: Uint8Array, start: number, end: number): number => {
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
    folding = asciiFolding;
    return count < shortestPhone ? 0 : count;
  };
  return {
    tags,
    filters,
    phrases,
    ascii: asciiFolding,
    get folding() {
      return folding;
    },
    get spelled() {
      return folding === anyFolding ? anyFolding.form : undefined;
    },
    fold,
    takeWord(from, end) {
      folding = asciiFolding;
      return asciiFolding.takeWord(from, end);
    },
    foldPhone,
    mark,
    marksOf,
  };
}

/** Fast and sometimes wrong with a yes, never with a no. */
export function hasBits(filter: Uint8Array, value: number): boolean {
  const first = firstBit(value);
  return hasBit(filter, first) && hasBit(filter, secondBit(value, first));
}

/** Gives the place of the first. */
export function setBits(filter: Uint8Array, value: number): number {
  const first = firstBit(value);
  setBit(filter, first);
  setBit(filter, secondBit(value, first));
  return first;
}

function hasBit(filter: Uint8Array, place: number): boolean {
  return ((filter[place >>> 3] as number) & (1 << (place & 7))) !== 0;
}

export function setBit(filter: Uint8Array, place: number): void {
  filter[place >>> 3] = (filter[place >>> 3] as number) | (1 << (place & 7));
}
