import type { Apply } from '../anonymizer.ts';
import type { Value } from '../api.ts';
import type { Key } from '../key.ts';
import { createNormalizer } from '../normalize.ts';
import { sameBytes } from '../pseudonym-bytes.ts';
import { createSipHash } from '../siphash.ts';
import { beyond, createIdentityTable } from './identity-table.ts';
import { createWordReader, type Words } from './read-words.ts';

export type NamePart = 'first' | 'last' | 'full';
/** Values that are found whole and replaced by applying their own rule to what was found. */
export type IdentityKind = 'email' | 'phone' | 'login' | 'company';

/** Takes the real identities of one row, and what stands for them in their own columns. No value is kept: only keyed hashes. */
export type IdentitySink = {
  /**
   * A name. @param first and `last`: the places in their lists of the names that stand for it; of a part only its own counts.
   * @param group names of one person in one row have the same; they are known together too.
   * @param isPerson whether an address decided what stands for it, and not the name alone
   */
  name(part: NamePart, value: Uint8Array, first: number, last: number, group: string | undefined, isPerson: boolean): void;
  /** @param rule as `createIdentityRules` numbers it */
  value(kind: IdentityKind, value: Uint8Array, rule: number): void;
  /** For values inside a document: several people can stand in one. */
  readonly apart: IdentitySink;
};

/** Hands on what a value is known by. `row` is as for `Apply`, with real values. */
export type Identify = (value: Uint8Array, row: readonly Value[], sink: IdentitySink) => void;

/** A place in the list of names; `several` where people of that name have different ones; undefined where it is nobody's. */
type NamePlace = number | 'several' | undefined;

/** What stands for a name. */
export type NameFound = {
  readonly first: NamePlace;
  readonly last: NamePlace;
  /** Of what can be either: an address decided the first name and not the last. */
  readonly isRatherFirst: boolean;
  /** Last name first. */
  readonly isReversed: boolean;
  /** Known as a name of its own, not only as a piece of a longer one. */
  readonly isCertain: boolean;
};

export type Found<T> = T | 'beyond' | undefined;

/**
 * The people and companies of all sources, as far as prose can name them: filled by the first pass over the sources, asked by `scrub`.
 * Where there are more than it has room for, it only tells that something is known, not what stands for it (`beyond`).
 */
export type KnownIdentities = {
  readonly sink: IdentitySink;
  /** To be called after each row. */
  endRow(): void;
  /** True once everything has been taken in: before that nobody may rely on what is not found. */
  readonly isComplete: boolean;
  complete(): void;
  /** Whether a name may be this word alone, or begin with these two; fast, and sometimes wrong with a yes. */
  mayBe(hash: number): boolean;
  mayBegin(first: number, second: number): boolean;
  /** Likewise whether this piece of a text is a login. */
  mayBeLogin(text: string, from: number, to: number): boolean;
  /** Names made of the words `from` to `to` (inclusive). `whole` of first and last name. */
  name(kind: 'whole' | 'part', words: Words, from: number, to: number): Found<NameFound>;
  /** The rule of a company name. */
  company(words: Words, from: number, to: number): Found<Apply>;
  /** The rule of a value that is found by its own form. @param text of a phone number its digits alone */
  value(kind: 'email' | 'phone' | 'login', text: string): Found<Apply>;
  /** Tells how prose replaces e-mail addresses and phone numbers by their form: known ones that come out the same are not remembered. */
  replacesByForm(kind: 'email' | 'phone', apply: Apply): void;
};

/** Words of a name that are looked at; of a longer one the first. */
export const mostWords = 12;
export const shortestPhoneDigits = 7;

const places = 12;
const placeMask = (1 << places) - 1;
/** Place 0 stands for "none", this one for "several". */
const several = placeMask;
const certainBit = 1 << 24;
const reversedBit = 1 << 25;
/** Of the first and of the last name: an address decided it. */
const personBits = [1 << 26, 1 << 27] as const;
const filterBits = 1 << 24;
const kindBytes = { whole: 1, part: 2, company: 3, email: 4, phone: 5, login: 6 } as const;

/** Values by which two rules are held against each other: what gives equal results for all of them is one function under one key. */
const probes: Readonly<Record<'email' | 'phone', readonly Uint8Array[]>> = {
  email: ['probe.one@a.example', 'probe@b.test'].map((text) => Buffer.from(text)),
  phone: ['+33612345678', '0612345678', '0712345678', '07911123456', '0470123456', '2025550143', '4711'].map((text) => Buffer.from(text)),
};

export function createKnownIdentities(key: Key, rules: readonly Apply[], limit?: number): KnownIdentities {
  const prf = createSipHash(key.subKey('scrub/1/known'));
  const table = createIdentityTable(limit);
  const readWords = createWordReader();
  const normalizer = createNormalizer();
  const tag = new Uint32Array(4);
  let message = new Uint8Array(256);
  const alone = new Uint8Array(filterBits / 8);
  const beginnings = new Uint8Array(filterBits / 8);
  const logins = new Uint8Array(filterBits / 8);
  const byForm: Readonly<Record<'email' | 'phone', Apply[]>> = { email: [], phone: [] };
  const replacedAlike = new Map<number, boolean>();
  let isComplete = false;

  const tagOf = (kind: keyof typeof kindBytes, bytes: Uint8Array, start: number, end: number): void => {
    const length = end - start + 1;
    if (message.length < length) message = new Uint8Array(length * 2);
    message[0] = kindBytes[kind];
    for (let at = start; at < end; at++) message[at - start + 1] = bytes[at] as number;
    prf(message, length, tag);
  };
  const put = (kind: keyof typeof kindBytes, bytes: Uint8Array, end: number, number: number, merge = smaller): void => {
    tagOf(kind, bytes, 0, end);
    table.put(tag[0] as number, tag[1] as number, number, merge);
  };
  const get = (kind: keyof typeof kindBytes, bytes: Uint8Array, start: number, end: number): number => {
    tagOf(kind, bytes, start, end);
    return table.get(tag[0] as number, tag[1] as number);
  };

  const note = (words: Words): void => {
    const [first, second] = [words.hashes[0] as number, words.hashes[1] as number];
    if (words.count === 1) setBit(alone, first);
    else setBit(beginnings, pairHash(first, second));
  };
  const lengthOf = (words: Words): number => words.foldedEnds[Math.min(words.count, mostWords) - 1] as number;
  const remember = (kind: 'whole' | 'part', text: string, number: number): void => {
    const words = readWords(text);
    if (words.count === 0 || !hasLetter(words)) return;
    note(words);
    put(kind, words.folded, lengthOf(words), number, mergeNames);
  };
  type RowName = { readonly text: string; readonly number: number; readonly group: string | undefined };
  const [rowFirsts, rowLasts]: [RowName[], RowName[]] = [[], []];

  const firstNumber = (place: number, isPerson: boolean): number => (place + 1) | (isPerson ? personBits[0] : 0);
  const lastNumber = (place: number, isPerson: boolean): number => ((place + 1) << places) | (isPerson ? personBits[1] : 0);
  const takeName: IdentitySink['name'] = (part, value, firstPlace, lastPlace, _group, isPerson) => {
    const [first, last] = [firstNumber(firstPlace, isPerson), lastNumber(lastPlace, isPerson)];
    const text = textOf(value).trim();
    if (part !== 'full') {
      remember('part', text, (part === 'first' ? first : last) | certainBit);
      return;
    }
    const gap = text.search(/\s/);
    // One word in such a column may well be no name: Reception, Mum.
    remember('whole', text, first | last | (gap < 0 ? 0 : certainBit));
    if (gap < 0) return;
    remember('part', text.slice(0, gap), first);
    remember('part', text.slice(gap), last);
  };
  const takeValue: IdentitySink['value'] = (kind, value, rule) => {
    if (kind === 'company') {
      const words = readWords(textOf(value));
      if (words.count === 0) return;
      note(words);
      put('company', words.folded, lengthOf(words), rule + 1);
      return;
    }
    if ((kind === 'email' || kind === 'phone') && isReplacedAlike(kind, rule, value)) return;
    const text = kind === 'phone' ? digitsOf(textOf(value)) : textOf(value);
    if (kind === 'phone' && text.length < shortestPhoneDigits) return;
    // What is no address is looked for as a login.
    const foundAs = kind === 'email' && !text.includes('@') ? 'login' : kind;
    if (foundAs === 'login') setBit(logins, loginHash(text.trim()));
    const length = normalizer.folded(Buffer.from(text));
    put(foundAs, normalizer.bytes, length, rule + 1);
  };
  /** Whether prose replaces it by its form, and by the same. */
  const isReplacedAlike = (kind: 'email' | 'phone', rule: number, value: Uint8Array): boolean => {
    let isAlike = replacedAlike.get(rule);
    if (isAlike === undefined) {
      const apply = rules[rule] as Apply;
      isAlike = byForm[kind].every((other) => probes[kind].every((probe) => isSame(apply(probe, []), other(probe, []))));
      replacedAlike.set(rule, isAlike);
    }
    if (kind === 'email') return isAlike && value.includes(0x40);
    return isAlike && !textOf((rules[rule] as Apply)(value, [])).startsWith(noNumber);
  };

  const apart: IdentitySink = {
    name: takeName,
    value: takeValue,
    get apart() {
      return apart;
    },
  };
  const nameFound = (number: number): Found<NameFound> => {
    if (number === beyond) return 'beyond';
    if (number === 0) return undefined;
    return {
      first: placeOf(number & placeMask),
      last: placeOf((number >>> places) & placeMask),
      isRatherFirst: (number & personBits[0]) !== 0 && (number & personBits[1]) === 0,
      isReversed: (number & reversedBit) !== 0,
      isCertain: (number & certainBit) !== 0,
    };
  };
  const ruleFound = (number: number): Found<Apply> => (number === beyond ? 'beyond' : number === 0 ? undefined : rules[number - 1]);

  return {
    sink: {
      name(part, value, first, last, group, isPerson) {
        takeName(part, value, first, last, group, isPerson);
        if (part === 'first') rowFirsts.push({ text: textOf(value), number: firstNumber(first, isPerson), group });
        if (part === 'last') rowLasts.push({ text: textOf(value), number: lastNumber(last, isPerson), group });
      },
      value: takeValue,
      apart,
    },
    endRow() {
      for (const first of rowFirsts) {
        for (const last of rowLasts) {
          if (first.group !== last.group) continue;
          const number = first.number | last.number | certainBit;
          remember('whole', `${first.text} ${last.text}`, number);
          remember('whole', `${last.text} ${first.text}`, number | reversedBit);
        }
      }
      rowFirsts.length = 0;
      rowLasts.length = 0;
    },
    get isComplete() {
      return isComplete;
    },
    complete() {
      isComplete = true;
    },
    mayBe: (hash) => hasBit(alone, hash),
    mayBegin: (first, second) => hasBit(beginnings, pairHash(first, second)),
    name: (kind, { folded, foldedStarts, foldedEnds }, from, to) =>
      nameFound(get(kind, folded, foldedStarts[from] as number, foldedEnds[to] as number)),
    company: ({ folded, foldedStarts, foldedEnds }, from, to) =>
      ruleFound(get('company', folded, foldedStarts[from] as number, foldedEnds[to] as number)),
    mayBeLogin: (text, from, to) => hasBit(logins, loginHash(text, from, to)),
    value(kind, text) {
      const length = normalizer.folded(Buffer.from(text));
      return ruleFound(get(kind, normalizer.bytes, 0, length));
    },
    replacesByForm: (kind, apply) => {
      byForm[kind].push(apply);
    },
  };
}

/** What `phone` gives for what is no number. */
export const noNumber = '+999';

export function digitsOf(text: string): string {
  return text.replaceAll(/\D/g, '');
}

function textOf(bytes: Value): string {
  return bytes === null ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function isSame(one: Value, other: Value): boolean {
  return one !== null && other !== null && sameBytes(one, other, other.length);
}

function placeOf(number: number): NamePlace {
  if (number === 0) return undefined;
  return number === several ? 'several' : number - 1;
}

function smaller(one: number, other: number): number {
  return Math.min(one, other);
}

/**
 * What two people are known by stands for neither: `several` in each part in which they differ. But where an address decided for one of them and the
 * name alone for the other, they may well be one person, and the address counts.
 */
function mergeNames(one: number, other: number): number {
  const part = (shift: number, personBit: number): number => {
    const [a, b] = [(one >>> shift) & placeMask, (other >>> shift) & placeMask];
    const [isPerson, isOtherPerson] = [(one & personBit) !== 0, (other & personBit) !== 0];
    if (isPerson !== isOtherPerson) return ((isPerson ? a : b) << shift) | personBit;
    return ((a === b || b === 0 ? a : a === 0 ? b : several) << shift) | (one & personBit);
  };
  const [first, last] = [part(0, personBits[0]), part(places, personBits[1])];
  // Which comes first is said by whoever says the names.
  const isFrom = (number: number): boolean => (number & first & personBits[0]) !== 0 || (first & personBits[0]) === 0;
  const reversed = ((isFrom(one) ? one : 0) | (isFrom(other) ? other : 0)) & reversedBit;
  return first | last | ((one | other) & certainBit) | reversed;
}

function hasLetter({ folded, foldedEnds, count }: Words): boolean {
  const end = foldedEnds[count - 1] as number;
  for (let at = 0; at < end; at++) if ((folded[at] as number) > 0x39) return true;
  return false;
}

/** Spellings of one login, in whatever case, share it. */
function loginHash(text: string, from = 0, to = text.length): number {
  let hash = 0;
  for (let at = from; at < to; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) hash = Math.imul(hash ^ (unit >= 0x41 && unit <= 0x5a ? unit + 0x20 : unit), 0x01000193);
  }
  return hash ^ (hash >>> 13);
}

function pairHash(first: number, second: number): number {
  return Math.imul(first, 0x9e3779b1) ^ second;
}

function bitOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & (filterBits - 1);
}

function setBit(filter: Uint8Array, hash: number): void {
  const bit = bitOf(hash);
  filter[bit >>> 3] = (filter[bit >>> 3] as number) | (1 << (bit & 7));
}

function hasBit(filter: Uint8Array, hash: number): boolean {
  const bit = bitOf(hash);
  return ((filter[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;
}
