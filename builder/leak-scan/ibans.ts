import { ibanCountries } from '../../anonymizers/primitives.ts';
import { digitByte, is, isLetterOrDigit } from './bytes.ts';
import { blankBytes, dashBytes } from './group-signs.ts';

const space = 0x20;
const hyphen = 0x2d;
const dot = 0x2e;
/** By both letters in capitals, as one number. */
const countries = new Map([...ibanCountries].map(([letters, country]) => [pairOf(letters.charCodeAt(0), letters.charCodeAt(1)), country]));
/** Fewer digits can be words. */
const fewestDigits = 8;
const group = 4;
const hexText = /^[\da-f]+$/i;

function pairOf(first: number, second: number): number {
  return ((first & 0xdf) << 8) | (second & 0xdf);
}

/** Letters and digits only, upper case, of its country's length: whether the check digits are valid (ISO 13616). */
function hasValidCheck(text: string): boolean {
  let rest = 0;
  for (const character of text.slice(4) + text.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/**
 * The end of the IBAN that starts here, or 0. In capitals, in one piece or in groups of four between spaces, its check digits say enough; in
 * small letters or with other signs between its groups it must also have the letters and digits that its country's account numbers have. One that could
 * be an identifier in hexadecimal digits has no letters but its country's.
 */
export function ibanEnd(bytes: Uint8Array, from: number, to: number): number {
  if (!is(bytes[from + 2], digitByte) || !is(bytes[from + 3], digitByte)) return 0;
  const country = countries.get(pairOf(bytes[from] as number, bytes[from + 1] as number));
  if (country === undefined) return 0;
  let text = '';
  let digits = 0;
  let isPlain = true;
  /** The sign between its groups of four; 0 before the first one, a space for all blanks. */
  let sign = 0;
  let groups = 0;
  let at = from;
  while (at < to && text.length < country.length) {
    const byte = bytes[at] as number;
    if (byte < 0x80 && isLetterOrDigit(byte)) {
      text += String.fromCharCode(byte);
      if (byte < 0x3a) digits += 1;
      if (byte >= 0x61) isPlain = false;
      at += 1;
      continue;
    }
    const dash = dashBytes(bytes, at);
    const isOfSigns = dash > 0 || byte === dot;
    const size = dash > 0 ? dash : isOfSigns ? 1 : blankBytes(bytes, at);
    const own = dash > 0 ? hyphen : isOfSigns ? dot : space;
    groups += 1;
    // Signs other than blanks are in names and numbers of all kinds: only where they make groups of four.
    if (size === 0 || (sign !== 0 && sign !== own) || (isOfSigns && text.length !== groups * group)) return 0;
    if (byte !== space || text.length % group !== 0) isPlain = false;
    sign = own;
    at += size;
    // Between two groups stands one.
    if (!isLetterOrDigit(bytes[at]) || (bytes[at] as number) >= 0x80) return 0;
  }
  if (text.length < country.length || (isLetterOrDigit(bytes[at]) && blankBytes(bytes, at) === 0 && dashBytes(bytes, at) === 0)) return 0;
  // One in some million random identifiers in hexadecimal digits is valid by chance, if letters may stand behind the country's.
  const isHex = sign === 0 && hexText.test(text);
  if (isHex && digits < text.length - 2) return 0;
  if (!isPlain || isHex) {
    text = text.toUpperCase();
    if ((sign === hyphen || sign === dot) && text.length > (groups + 1) * group) return 0;
    // Longer ones of the kind are no accounts.
    const next = sign === hyphen ? dashBytes(bytes, at) : sign === dot && bytes[at] === dot ? 1 : 0;
    const goesOn = next > 0 && isLetterOrDigit(bytes[at + next]);
    if (goesOn || digits < fewestDigits || !country.shape.test(text)) return 0;
  }
  return hasValidCheck(text) ? at : 0;
}

/** No IBAN is written with more bytes before one of its groups. */
const longestBefore = 48;

/** Whether a place belongs to an IBAN that begins before it. */
export function isInIban(bytes: Uint8Array, place: number): boolean {
  for (let from = Math.max(0, place - longestBefore); from < place; from += 1) {
    if (!isLetterOrDigit(bytes[from - 1]) && ibanEnd(bytes, from, bytes.length) > place) return true;
  }
  return false;
}
