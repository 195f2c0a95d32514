import { isUtf8 } from 'node:buffer';
import { isAsciiOnly, lowered } from './bytes.ts';
import { createPassedTexts } from './passed-texts.ts';
import { wordHash } from './word-hash.ts';
import { createWordWalk } from './word-walk.ts';

/**
 * The form in which words are watched, in UTF-8: lower case without accents, one blank between words whatever stood there, no signs at a
 * word's ends. Of a word that is not UTF-8 only the letters of ASCII are told apart by case.
 */
export type WordForm = {
  /** The form, from its beginning, and the same with its accents; until the next call. */
  readonly plain: Uint8Array;
  readonly spelled: Uint8Array;
  readonly spelledLength: number;
  /** @returns the length of the form */
  take(value: Uint8Array, start: number, end: number): number;
  /** The `wordHash` of the form of a single word. */
  hash(bytes: Uint8Array, start: number, end: number): number;
};

const space = 0x20;
const walk = createWordWalk(false);
const decoder = new TextDecoder();
const encoder = new TextEncoder();

export function createWordForm(): WordForm {
  let plain = new Uint8Array(256);
  let spelled = new Uint8Array(256);
  let plainLength = 0;
  let spelledLength = 0;
  const hashed = createPassedTexts();
  const reserve = (sizeBytes: number): void => {
    if (plain.length >= sizeBytes) return;
    plain = new Uint8Array(2 * sizeBytes);
    spelled = new Uint8Array(2 * sizeBytes);
  };
  const addWord = (value: Uint8Array, from: number, to: number): void => {
    const bytes = value.subarray(from, to);
    if (isAsciiOnly(value, from, to) || !isUtf8(bytes)) {
      for (let at = from; at < to; at += 1) {
        const byte = lowered[value[at] as number] as number;
        plain[plainLength++] = byte;
        spelled[spelledLength++] = byte;
      }
      return;
    }
    const word = lowerCase(decoder.decode(bytes));
    plainLength += encoder.encodeInto(withoutAccents(word), plain.subarray(plainLength)).written;
    spelledLength += encoder.encodeInto(word, spelled.subarray(spelledLength)).written;
  };
  const take = (value: Uint8Array, start: number, end: number): number => {
    reserve((end - start) * mostGrowth);
    plainLength = 0;
    spelledLength = 0;
    for (let at = start; walk.after(value, at, end); at = walk.end) {
      if (plainLength > 0) {
        plain[plainLength++] = space;
        spelled[spelledLength++] = space;
      }
      addWord(value, walk.start, walk.end);
    }
    return plainLength;
  };
  return {
    get plain() {
      return plain;
    },
    get spelled() {
      return spelled;
    },
    get spelledLength() {
      return spelledLength;
    },
    take,
    hash(bytes, start, end) {
      if (isAsciiOnly(bytes, start, end)) return wordHash(bytes, start, end);
      // The same words come again and again.
      if (hashed.has(bytes, start, end)) return hashed.kept();
      const length = take(bytes, start, end);
      const hash = wordHash(plain, 0, length);
      hashed.add(bytes, start, end, hash);
      return hash;
    },
  };
}

/** Bytes that one byte can become: `ΐ` in upper case is three characters. */
const mostGrowth = 4;

// Upper case first: it unfolds what has no single lower-case partner (ß, final sigma).
function lowerCase(word: string): string {
  return word.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

/** @param word in lower case */
export function withoutAccents(word: string): string {
  return word
    .normalize('NFD')
    .replace(accents, '')
    .normalize('NFC')
    .replace(otherLetters, (letter) => replaced[letter] as string);
}

const accents = /[\u0300-\u036f]+/g;
/** A final sigma depends on what follows the word. */
const replaced: Readonly<Record<string, string>> = { œ: 'oe', æ: 'ae', ø: 'o', ł: 'l', đ: 'd', ς: 'σ' };
const otherLetters = /[œæøłđς]/g;
