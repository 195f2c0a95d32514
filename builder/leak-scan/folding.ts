import { createNormalizer, createSipHash, keyWords, messageAt, resultAt } from '../../anonymizers/primitives.ts';
import { createFoldingModule, singleAt, singleBytes, takenAt, valuesAt, valuesBytes } from './folding-wasm.ts';
import { createWordForm, type WordForm } from './word-form.ts';
import { wordHash } from './word-hash.ts';

const fewBytes = 32;
const space = 0x20;

/** What tags are made of, each under a key of its own. */
export type WatchKeys = Readonly<Record<'email' | 'domain' | 'phone' | 'words', Uint8Array>>;

/** Brings values to the form they are watched in, which then stands in `bytes` from its beginning, and makes its tags. */
export type Folding = {
  /** May be another one after each value. */
  readonly bytes: Uint8Array;
  /** White space trimmed and collapsed, in one case; gives the length, -1 where this way of folding cannot tell. */
  folded(value: Uint8Array, start: number, end: number): number;
  /** The form of `word-form.ts`: the same however the words are separated, with accents and without. */
  words(value: Uint8Array, start: number, end: number): number;
  /** The `wordHash` of the last word of the folded value. */
  lastWordHash(length: number): number;
  /** Writes the tag of the first `length` of `bytes`: two words of 32 bits. */
  tag(purpose: keyof WatchKeys, length: number, into: Uint32Array): void;
};

/** For all values. */
export function createFolding(keys: WatchKeys): Folding & {
  /** What `words` last gave. */
  readonly form: WordForm;
} {
  const normalizer = createNormalizer();
  let bytes: Uint8Array = normalizer.bytes;
  const form = createWordForm();
  const prf = {
    email: createSipHash(keys.email),
    domain: createSipHash(keys.domain),
    phone: createSipHash(keys.phone),
    words: createSipHash(keys.words),
  };
  return {
    get bytes() {
      return bytes;
    },
    folded(value, start, end) {
      const length = normalizer.folded(value, start, end);
      bytes = normalizer.bytes;
      return length;
    },
    words(value, start, end) {
      const length = form.take(value, start, end);
      bytes = form.plain;
      return length;
    },
    form,
    lastWordHash: (length) => wordHash(bytes, bytes.lastIndexOf(space, length - 1) + 1, length),
    tag: (purpose, length, into) => prf[purpose](bytes, length, into),
  };
}

/** For values of ASCII, several times as fast. `values` has room for many, which then need not be copied one by one. */
export function createAsciiFolding(keys: WatchKeys): Folding & {
  readonly values: Uint8Array;
  /**
   * Brings the bytes of words that begin at `from` of `values` to the form of words. Gives where they end, -1 where this way of folding cannot tell.
   */
  takeWord(from: number, end: number): number;
  /** Of what `takeWord` took last. */
  readonly takenLength: number;
  /** Its `wordHash`. */
  readonly takenHash: number;
} {
  const module = createFoldingModule();
  const memory = new Uint8Array(module.memory.buffer);
  const values = memory.subarray(valuesAt, valuesAt + valuesBytes);
  const bytes = memory.subarray(messageAt, messageAt + singleBytes);
  const result = new Uint32Array(module.memory.buffer, resultAt, 2);
  const taken = new Int32Array(module.memory.buffer, takenAt, 2);
  const words = { email: keyWords(keys.email), domain: keyWords(keys.domain), phone: keyWords(keys.phone), words: keyWords(keys.words) };
  const fold = (way: 'fold' | 'foldWords', value: Uint8Array, start: number, end: number): number => {
    if (end - start > singleBytes) return -1;
    if (value === values) return module[way](valuesAt + start, valuesAt + end);
    // For values of a few bytes, `set` costs several times as much as a loop.
    if (end - start < fewBytes) for (let at = start; at < end; at += 1) memory[singleAt + at - start] = value[at] as number;
    else memory.set(start === 0 && end === value.length ? value : value.subarray(start, end), singleAt);
    return module[way](singleAt, singleAt + end - start);
  };
  return {
    values,
    bytes,
    takeWord(from, end) {
      const to = end - from > singleBytes ? -1 : module.takeWord(valuesAt + from, valuesAt + end);
      return to < 0 ? -1 : to - valuesAt;
    },
    get takenLength() {
      return taken[0] as number;
    },
    get takenHash() {
      return taken[1] as number;
    },
    folded: (value, start, end) => fold('fold', value, start, end),
    words: (value, start, end) => fold('foldWords', value, start, end),
    lastWordHash: (length) => module.lastWordHash(length),
    tag(purpose, length, into) {
      const [k0Low, k0High, k1Low, k1High] = words[purpose];
      module.hash(k0Low, k0High, k1Low, k1High, length);
      into[0] = result[0] as number;
      into[1] = result[1] as number;
    },
  };
}
