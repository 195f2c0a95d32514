import { createNormalizer, createSipHash, keyWords, messageAt, resultAt } from '../../anonymizers/primitives.ts';
import { classes, isLetterOrDigit, wordByte } from './bytes.ts';
import { createFoldingModule, singleAt, singleBytes, valuesAt, valuesBytes } from './folding-wasm.ts';
import { wordHash } from './word-hash.ts';

const fewBytes = 32;

/** What tags are made of, each under a key of its own. */
export type WatchKeys = Readonly<Record<'email' | 'domain' | 'phone' | 'words', Uint8Array>>;

/** Brings values to the form they are watched in, which then stands in `bytes` from its beginning, and makes its tags. */
export type Folding = {
  /** May be another one after each value. */
  readonly bytes: Uint8Array;
  /** White space trimmed and collapsed, in one case; gives the length, -1 where this way of folding cannot tell. */
  folded(value: Uint8Array, start: number, end: number): number;
  /** The same without signs at both ends. */
  trimmed(value: Uint8Array, start: number, end: number): number;
  /** The `wordHash` of the last word of the folded value. */
  lastWordHash(length: number): number;
  /** Writes the tag of the first `length` of `bytes`: two words of 32 bits. */
  tag(purpose: keyof WatchKeys, length: number, into: Uint32Array): void;
};

/** For all values. */
export function createFolding(keys: WatchKeys): Folding {
  const normalizer = createNormalizer();
  const prf = {
    email: createSipHash(keys.email),
    domain: createSipHash(keys.domain),
    phone: createSipHash(keys.phone),
    words: createSipHash(keys.words),
  };
  return {
    get bytes() {
      return normalizer.bytes;
    },
    folded: (value, start, end) => normalizer.folded(value, start, end),
    trimmed(value, start, end) {
      let length = normalizer.folded(value, start, end);
      const { bytes } = normalizer;
      while (length > 0 && !isLetterOrDigit(bytes[length - 1])) length -= 1;
      let from = 0;
      while (from < length && !isLetterOrDigit(bytes[from])) from += 1;
      if (from > 0) bytes.copyWithin(0, from, length);
      return length - from;
    },
    lastWordHash(length) {
      const { bytes } = normalizer;
      let from = length;
      while (from > 0 && ((classes[bytes[from - 1] as number] as number) & wordByte) !== 0) from -= 1;
      return wordHash(bytes, from, length);
    },
    tag: (purpose, length, into) => prf[purpose](normalizer.bytes, length, into),
  };
}

/** For values of ASCII, several times as fast. `values` has room for many, which then need not be copied one by one. */
export function createAsciiFolding(keys: WatchKeys): Folding & {
  readonly values: Uint8Array;
  /** Where the bytes of words end that begin at `from`. */
  wordEnd(value: Uint8Array, from: number, end: number): number;
} {
  const module = createFoldingModule();
  const memory = new Uint8Array(module.memory.buffer);
  const values = memory.subarray(valuesAt, valuesAt + valuesBytes);
  const bytes = memory.subarray(messageAt, messageAt + singleBytes);
  const result = new Uint32Array(module.memory.buffer, resultAt, 2);
  const words = { email: keyWords(keys.email), domain: keyWords(keys.domain), phone: keyWords(keys.phone), words: keyWords(keys.words) };
  const fold = (value: Uint8Array, start: number, end: number, trims: number): number => {
    if (end - start > singleBytes) return -1;
    if (value === values) return module.fold(valuesAt + start, valuesAt + end, trims);
    // For values of a few bytes, `set` costs several times as much as a loop.
    if (end - start < fewBytes) for (let at = start; at < end; at += 1) memory[singleAt + at - start] = value[at] as number;
    else memory.set(start === 0 && end === value.length ? value : value.subarray(start, end), singleAt);
    return module.fold(singleAt, singleAt + end - start, trims);
  };
  return {
    values,
    bytes,
    wordEnd(value, from, end) {
      if (value === values) return module.wordEnd(valuesAt + from, valuesAt + end) - valuesAt;
      let at = from;
      while (at < end && ((classes[value[at] as number] as number) & wordByte) !== 0) at += 1;
      return at;
    },
    folded: (value, start, end) => fold(value, start, end, 0),
    trimmed: (value, start, end) => fold(value, start, end, 1),
    lastWordHash: (length) => module.lastWordHash(length),
    tag(purpose, length, into) {
      const [k0Low, k0High, k1Low, k1High] = words[purpose];
      module.hash(k0Low, k0High, k1Low, k1High, length);
      into[0] = result[0] as number;
      into[1] = result[1] as number;
    },
  };
}
