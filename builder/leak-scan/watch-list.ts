import { createAccountPermutation, createPhonePermutation, type Key, type WatchKind } from '../../anonymizers/primitives.ts';
import { createAddWatched } from './add-watched.ts';
import type { WatchKeys } from './folding.ts';
import { createWatchedTags, type Filters, hasBits, indistinctMark, kindMarks, type WatchListSettings } from './watched-tags.ts';

const kinds = Object.entries(kindMarks) as [WatchKind, number][];

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
  /** What `mayEndWith` and `mayBePhone` answer by, as the sweep has it in its memory. */
  readonly filters: Readonly<Filters>;
  /** As `counts` tells it, at once. */
  readonly ambiguous: number;
  counts(): WatchCounts;
  /** Tags in memory. */
  readonly size: number;
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

/**
 * The real values that must not be written, as keyed 64-bit tags; the values themselves are not kept.
 * @param expected how many tags there will be, as far as that is known
 */
export function createWatchList(settings: WatchListSettings, expected = 0): WatchList {
  const watched = createWatchedTags(settings, expected);
  const { tags, filters, phrases, fold, foldPhone, marksOf } = watched;
  const add = createAddWatched(watched, settings.common);
  const permutations = settings.phonePermutations.map(createPhonePermutation);
  const accountPermutations = (settings.accountPermutations ?? []).map(createAccountPermutation);
  let ambiguous = 0;

  const ask = (purpose: keyof WatchKeys, text: Uint8Array): number =>
    marksOf(purpose, fold(purpose === 'words' ? 'words' : 'folded', text, 0, text.length));
  const knowsPhone = (text: Uint8Array): boolean => {
    const count = foldPhone(text, 0, text.length);
    return count > 0 && marksOf('phone', count) !== 0;
  };
  const isPhonePseudonym = (text: Uint8Array): boolean =>
    permutations.some(({ original }) => {
      const real = original(text);
      return real !== undefined && knowsPhone(real);
    });

  return {
    values: watched.ascii.values,
    filters,
    add: (kind, bytes, start = 0, end = bytes.length) => add(kind, bytes, start, end),
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
    get ambiguous() {
      return ambiguous;
    },
    get size() {
      return tags.size;
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

function kindOf(marks: number): WatchKind | undefined {
  return kinds.find(([, kindMark]) => (marks & kindMark) !== 0)?.[0];
}
