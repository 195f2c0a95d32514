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

/** Runs of these are looked at for logins, without signs at their ends. */
const letterOrDigit = /[\p{L}\p{N}]/u;
const mark = /\p{M}/u;
const loginSigns = /[._+-]/;
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
  const partOf = ({ first, last, isRatherFirst }: NameFound, piece: string): string => {
    if (isRatherFirst) return typeof first === 'number' ? (firstNames[first] as string) : applied(namings.first, piece);
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
  const findLogins = (text: string, logins: readonly Login[], letters: boolean, add: AddFind): boolean => {
    for (const { login, from, to } of logins) {
      if (lettersOnly.test(login) !== letters) continue;
      const rule = known.value('login', login);
      if (rule === 'beyond') return false;
      if (rule) add(from, to, applied(rule, text.slice(from, to)));
    }
    return true;
  };
  const loginsIn = (text: string): Login[] => {
    const logins: Login[] = [];
    eachRun(text, (from, to) => {
      if (to - from < shortestLogin || !known.mayBeLogin(text, from, to)) return;
      const login = text.slice(from, to).normalize('NFC');
      const word = login.toLowerCase();
      const isNumber = digitsOnly.test(login) && login.length < shortestDigitsLogin;
      if (!isNumber && !ordinaryWords.has(word) && !functionWords.has(word)) logins.push({ login, from, to });
    });
    return logins;
  };

  // A word that is a name and a login is a name; what has dots or digits in it is a login, not the names in it.
  return (text, add) => {
    const logins = loginsIn(text);
    return findLogins(text, logins, false, add) && findNames(text, add) && findLogins(text, logins, true, add);
  };
}

type Login = { readonly login: string; readonly from: number; readonly to: number };

/** What a character is in a login. */
const [noPart, sign, letter, markOnLetter] = [0, 1, 2, 3];

const asciiParts = Uint8Array.from({ length: 0x80 }, (_, code) => partOfLogin(String.fromCharCode(code)));

function partOfLogin(character: string): number {
  if (letterOrDigit.test(character)) return letter;
  if (mark.test(character)) return markOnLetter;
  return loginSigns.test(character) ? sign : noPart;
}

/** Runs of letters, digits and the signs of logins, from the first to the last letter or digit. */
function eachRun(text: string, take: (from: number, to: number) => void): void {
  let from = -1;
  let to = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const isPair = unit >= 0xd800 && unit < 0xdc00;
    const part = unit < 0x80 ? (asciiParts[unit] as number) : partOfLogin(String.fromCodePoint(text.codePointAt(at) as number));
    if (part === letter || (part === markOnLetter && from >= 0)) {
      if (from < 0) from = at;
      to = at + (isPair ? 2 : 1);
    } else if (part !== sign && from >= 0) {
      take(from, to);
      from = -1;
    }
    if (isPair) at += 1;
  }
  if (from >= 0) take(from, to);
}

/** What a rule makes of a piece of a text. */
export function applied(apply: Apply, text: string): string {
  const result = apply(Buffer.from(text), []);
  return result === null ? '' : Buffer.from(result.buffer, result.byteOffset, result.byteLength).toString('utf8');
}
