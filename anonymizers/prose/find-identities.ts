import type { Apply } from '../anonymizer.ts';
import { firstNames } from '../words/first-names.ts';
import { lastNames } from '../words/last-names.ts';
import { functionWords, ordinaryWords, titles } from '../words/ordinary-words.ts';
import { type Found, type KnownIdentities, mostWords, type NameFound } from './known-identities.ts';
import { createWordReader, type Words } from './read-words.ts';

/** Takes a piece of the text and what replaces it; false where something of it is replaced already. */
export type AddFind = (from: number, to: number, by: string) => boolean;

/** How a name is replaced that several people have: by a function of the name alone. */
export type Namings = { readonly first: Apply; readonly last: Apply; readonly full: Apply };

const loginPattern = /[\p{L}\p{N}][\p{L}\p{N}._+-]*[\p{L}\p{N}]/gu;
const lettersOnly = /^\p{L}+$/u;
const digitsOnly = /^\p{N}+$/u;
const shortestLogin = 3;
const shortestDigitsLogin = 6;
const shortestName = 2;

/**
 * Makes a function that finds the known people and companies in a text by their names and logins. It gives false where something is known of
 * which it cannot be told any more what stands for it: then nothing of the text may stay.
 */
export function createIdentityFinder(known: KnownIdentities, namings: Namings): (text: string, add: AddFind) => boolean {
  const readWords = createWordReader();

  const wordAt = ({ folded, foldedStarts, foldedEnds }: Words, index: number): string =>
    Buffer.from(folded.buffer, foldedStarts[index], (foldedEnds[index] as number) - (foldedStarts[index] as number)).toString('latin1');
  const hasCapital = (text: string, words: Words, index: number): boolean => {
    const letter = String.fromCodePoint(text.codePointAt(words.starts[index] as number) as number);
    return letter !== letter.toLowerCase() || letter === letter.toUpperCase();
  };

  /** What stands for words as a name; undefined where they are none. */
  const nameOf = (text: string, words: Words, from: number, to: number): Found<string> => {
    const all = Array.from({ length: to - from + 1 }, (_, index) => wordAt(words, from + index));
    if (all.every((word) => functionWords.has(word) || word.length < shortestName)) return undefined;
    const isOrdinary = all.every((word) => functionWords.has(word) || ordinaryWords.has(word));
    const isMarked =
      (from > 0 && words.joins[from] === true && titles.has(wordAt(words, from - 1))) ||
      all.every((word, index) => functionWords.has(word) || hasCapital(text, words, from + index));
    const isName = (isCertain: boolean): boolean => isMarked || (isCertain && !isOrdinary);
    const piece = text.slice(words.starts[from], words.ends[to]);

    const whole = known.name('whole', words, from, to);
    if (whole === 'beyond') {
      if (to > from || isName(true)) return 'beyond';
    } else if (whole && (to > from ? whole.isCertain || isMarked : isName(whole.isCertain))) return wholeOf(whole, piece);
    const company = known.company(words, from, to);
    if (company !== undefined && isName(true)) return company === 'beyond' ? company : applied(company, piece);
    const part = known.name('part', words, from, to);
    if (part === 'beyond') return isName(true) ? part : undefined;
    return part && isName(part.isCertain) ? partOf(part, piece) : undefined;
  };
  const wholeOf = ({ first, last, isReversed }: NameFound, piece: string): string => {
    if (typeof first !== 'number' || typeof last !== 'number') return applied(namings.full, piece);
    const [firstName, lastName] = [firstNames[first], lastNames[last]];
    if (!isReversed) return `${firstName} ${lastName}`;
    return `${lastName}${piece.includes(',') ? ',' : ''} ${firstName}`;
  };
  const partOf = ({ first, last }: NameFound, piece: string): string => {
    if (typeof last === 'number') return lastNames[last] as string;
    if (typeof first === 'number') return firstNames[first] as string;
    return applied(last === undefined ? namings.first : namings.last, piece);
  };

  const findNames = (text: string, add: AddFind): boolean => {
    const words = readWords(text);
    const { count, hashes, joins, starts, ends } = words;
    for (let from = 0; from < count; ) {
      let to = from;
      let by: Found<string>;
      if (joins[from + 1] && from + 1 < count && known.mayBegin(hashes[from] as number, hashes[from + 1] as number)) {
        while (to + 1 < count && joins[to + 1] && to + 1 - from < mostWords) to += 1;
        for (; to > from && by === undefined; to -= by === undefined ? 1 : 0) by = nameOf(text, words, from, to);
      }
      if (by === undefined && known.mayBe(hashes[from] as number)) by = nameOf(text, words, from, to);
      if (by === 'beyond') return false;
      const isTaken = by !== undefined && add(starts[from] as number, ends[to] as number, by);
      from = isTaken ? to + 1 : from + 1;
    }
    return true;
  };
  /** @param letters those of letters only, which can be names as well, or all others */
  const findLogins = (text: string, letters: boolean, add: AddFind): boolean => {
    for (const { 0: found, index } of text.matchAll(loginPattern)) {
      if (found.length < shortestLogin) continue;
      const login = found.normalize('NFC');
      if (!known.mayBeLogin(login) || lettersOnly.test(login) !== letters) continue;
      if (digitsOnly.test(login) && login.length < shortestDigitsLogin) continue;
      const word = login.toLowerCase();
      if (ordinaryWords.has(word) || functionWords.has(word)) continue;
      const rule = known.value('login', login);
      if (rule === 'beyond') return false;
      if (rule) add(index, index + found.length, applied(rule, found));
    }
    return true;
  };

  // A word that is a name and a login is a name; what has dots or digits in it is a login, not the names in it.
  return (text, add) => findLogins(text, false, add) && findNames(text, add) && findLogins(text, true, add);
}

/** What a rule makes of a piece of a text. */
export function applied(apply: Apply, text: string): string {
  const result = apply(Buffer.from(text), []);
  return result === null ? '' : Buffer.from(result.buffer, result.byteOffset, result.byteLength).toString('utf8');
}
