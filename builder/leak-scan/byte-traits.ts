import { base64Byte, base64Values, classes, is, isLetterOrDigit } from './bytes.ts';
import { blankBeginnings } from './group-signs.ts';
import { separatorBytes } from './numbers.ts';
import { sweepTraits } from './sweep-memory.ts';
import { hashParts } from './word-hash.ts';

const space = 0x20;
const plus = 0x2b;
const hyphen = 0x2d;
const dot = 0x2e;
const slash = 0x2f;
const underscore = 0x5f;
/** Words of a name stand between them, as in `marie.dupont`. Not a hyphen: a first name can have one. */
const joiningBytes: readonly number[] = [dot, underscore];

/** Remarks that only the scanner asks for; the others are the sweep's, too. */
export const numbered = 1 << 17;
export const punctuated = 1 << 18;
const { foldedOddly, lettered } = sweepTraits;

/** All that the scan asks of a byte, in one look: its classes, 8 bits of its part of a word's hash, and remarks on it. */
export const traits: Int32Array = (() => {
  const table = Int32Array.from({ length: 256 }, (_, byte) => {
    const digit = byte >= 0x30 && byte <= 0x39 ? numbered : 0;
    const letter = byte < 0x80 && digit === 0 && isLetterOrDigit(byte) ? lettered : 0;
    return (classes[byte] as number) | ((hashParts[byte] as number) << sweepTraits.hashShift) | digit | letter;
  });
  const remark = (bytes: readonly number[], trait: number): void => {
    for (const byte of bytes) table[byte] = (table[byte] as number) | trait;
  };
  // Bytes of characters whose spellings do not share a quick hash: combining marks, ß, final sigma, wide forms. And of blanks and punctuation
  // beyond ASCII, which separate words but are not told apart from letters here.
  remark([0xcc, 0xcd, 0x9f, 0x82, 0xe1, 0xef, 0xc2, 0xe2], foldedOddly);
  remark([plus, hyphen, dot], punctuated);
  remark([plus, hyphen, slash, underscore], sweepTraits.base64Sign);
  remark(joiningBytes, sweepTraits.joining);
  for (let byte = 0; byte < 256; byte += 1) {
    if (is(byte, base64Byte)) table[byte] = (table[byte] as number) | ((base64Values[byte] as number) << sweepTraits.base64Shift);
  }
  remark([0x09, 0x0a, 0x0d, ...Array.from({ length: 0x7f - space }, (_, index) => space + index)], sweepTraits.plain);
  remark(
    Array.from({ length: 0x80 }, (_, index) => 0x80 + index),
    sweepTraits.beyondAscii,
  );
  remark(separatorBytes, sweepTraits.separator);
  remark(blankBeginnings, sweepTraits.blank);
  return table;
})();
