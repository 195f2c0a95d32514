import { is, latin1, wordByte } from './bytes.ts';

/** Character references of HTML and XML: `&#233;` `&#xe9;` `&eacute;`. */

const ampersand = 0x26;
const numberSign = 0x23;
const semicolon = 0x3b;
/** With the sign before it. */
export const longestEntity = 10;

/** U+00A0 and what follows it. */
const latinNames =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml'.split(
    ' ',
  );
const others = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  commat: '@',
  period: '.',
  comma: ',',
  colon: ':',
  sol: '/',
  plus: '+',
  lowbar: '_',
  hyphen: '-',
  OElig: 'Œ',
  oelig: 'œ',
  lsquo: '‘',
  rsquo: '’',
  ndash: '–',
  mdash: '—',
};
const named = new Map<string, Buffer>([
  ...latinNames.map((name, index): [string, Buffer] => [name, Buffer.from(String.fromCharCode(0xa0 + index))]),
  ...Object.entries(others).map(([name, text]): [string, Buffer] => [name, Buffer.from(text)]),
]);

/** Where the reference ends that begins with this `&`; 0 where none does. */
export function entityEnd(bytes: Uint8Array, at: number, to: number): number {
  let end = at + 1;
  if (bytes[end] === numberSign) end += 1;
  while (end < to && end - at < longestEntity && is(bytes[end], wordByte)) end += 1;
  return end > at + 1 && end < to && bytes[end] === semicolon ? end + 1 : 0;
}

/** `into` has room for the text. @returns how many bytes were written */
export function decodeEntities(bytes: Uint8Array, from: number, to: number, into: Uint8Array): number {
  let length = 0;
  for (let at = from; at < to; ) {
    const end = bytes[at] === ampersand ? entityEnd(bytes, at, to) : 0;
    const character = end === 0 ? undefined : characterOf(latin1(bytes, at + 1, end - 1));
    if (character) {
      into.set(character, length);
      length += character.length;
      at = end;
    } else into[length++] = bytes[at++] as number;
  }
  return length;
}

function characterOf(name: string): Uint8Array | undefined {
  const number = /^#(?:x([0-9a-f]+)|([0-9]+))$/i.exec(name);
  if (!number) return named.get(name);
  const code = number[1] === undefined ? Number.parseInt(number[2] as string, 10) : Number.parseInt(number[1], 16);
  return code > 0 && code <= 0x10_ffff ? Buffer.from(String.fromCodePoint(code)) : undefined;
}
