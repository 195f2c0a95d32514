import type { WatchKind } from '../../anonymizers/primitives.ts';
import { isLetterOrDigit } from './bytes.ts';
import { withoutAccents } from './word-form.ts';
import { wordHash } from './word-hash.ts';

/** Below these lengths, in bytes, a value is found everywhere by chance. */
const shortestWord = 5;
/** Of several words, without the blanks. */
const shortestPhrase = 4;
const shortestLettersOnly = 6;
const shortestDigitsOnly = 8;

const space = 0x20;

/** Whether finding a value in the form of `word-form.ts`, `bytes[0, length)`, in the output says something. */
export type IsDistinct = (kind: WatchKind, bytes: Uint8Array, length: number) => boolean;

/** @param common words, in lower case, that are in the output without being anybody's: a name made only of them says nothing */
export function createIsDistinct(common: ReadonlySet<string>): IsDistinct {
  const byHash = new Map<number, Uint8Array[]>();
  let longestCommon = shortestDigitsOnly;
  const words = new Set([...common].map((word) => withoutAccents(word)));
  for (const word of words) {
    const bytes = Buffer.from(word);
    const hash = wordHash(bytes, 0, bytes.length);
    byHash.set(hash, [...(byHash.get(hash) ?? []), bytes]);
    longestCommon = Math.max(longestCommon, bytes.length);
  }
  const isCommon = (bytes: Uint8Array, from: number, to: number): boolean =>
    to - from <= longestCommon && byHash.get(wordHash(bytes, from, to))?.some((word) => equals(word, bytes, from, to)) === true;

  /** Of ASCII; `undefined` for all others. */
  const quickly: (kind: WatchKind, bytes: Uint8Array, length: number) => boolean | undefined = (kind, bytes, length) => {
    let from = 0;
    let hasOwn = false;
    let blanks = 0;
    let isDigits = true;
    let isLetters = true;
    for (let at = 0; at <= length; at += 1) {
      const byte = at === length ? space : (bytes[at] as number);
      if (byte >= 0x80) return undefined;
      if (byte === space) {
        hasOwn ||= !isCommon(bytes, from, at);
        if (at < length) blanks += 1;
        from = at + 1;
      } else {
        isDigits &&= byte >= 0x30 && byte <= 0x39;
        isLetters &&= isLetterOrDigit(byte) && byte > 0x39;
      }
    }
    if (length < shortestWord) return false;
    if (blanks > 0) return hasOwn && length - blanks >= (isDigits ? shortestDigitsOnly : shortestPhrase);
    if (kind === 'name' || !hasOwn) return false;
    if (length >= shortestDigitsOnly) return true;
    return !isDigits && (length >= shortestLettersOnly || !isLetters);
  };

  return (kind, bytes, length) => {
    // A piece of a secret that is longer than any common word is none.
    if (kind === 'secret' && length > longestCommon) return true;
    return (
      quickly(kind, bytes, length) ?? isDistinctText(kind, length, Buffer.from(bytes.buffer, bytes.byteOffset, length).toString(), words)
    );
  };
}

function equals(word: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (word.length !== to - from) return false;
  for (let at = from; at < to; at += 1) if (word[at - from] !== bytes[at]) return false;
  return true;
}

function isDistinctText(kind: WatchKind, lengthBytes: number, text: string, common: ReadonlySet<string>): boolean {
  if (lengthBytes < shortestWord) return false;
  if (text.includes(' ')) return text.split(' ').some((word) => !common.has(word));
  if (kind === 'name' || common.has(text)) return false;
  return lengthBytes >= shortestLettersOnly || !lettersOnly.test(text);
}

const lettersOnly = /^\p{L}+$/u;
