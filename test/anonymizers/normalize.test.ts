import { expect, test } from 'vitest';
import { createNormalizer } from '../../anonymizers/normalize.ts';

const normalizer = createNormalizer();
const folded = (value: Uint8Array): string => {
  const length = normalizer.folded(value);
  return Buffer.from(normalizer.bytes.subarray(0, length)).toString('hex');
};
/** No letter of a Latin alphabet, so that a whole value with it is folded as a string. */
const other = '字';
const otherHex = Buffer.from(other).toString('hex');

test('letters beyond ASCII are folded alike on bytes and as a string', () => {
  for (let code = 0x80; code < 0x300; code++) {
    const letter = String.fromCodePoint(code);
    for (const text of [`a${letter}b`, `A ${letter}${letter}E`, `${letter}\u0301x`, `é${letter}Z`]) {
      expect(`${folded(Buffer.from(text))}${otherHex}`, `U+${code.toString(16)}`).toBe(folded(Buffer.from(`${text}${other}`)));
    }
  }
});

test('spellings of one value are one', () => {
  const same = (...texts: readonly string[]): void => expect(new Set(texts.map((text) => folded(Buffer.from(text)))).size).toBe(1);
  same('Société Générale', ' SOCIÉTÉ\u00a0 GÉNÉRALE\u0085', 'socie\u0301te\u0301 ge\u0301ne\u0301rale');
  same('Łukasz Żak', 'łukasz żak');
  same('Straße', 'STRASSE');
});

test('what is no UTF-8 equals no text', () => {
  for (const bytes of [[0xc3], [0xc3, 0x41], [0x41, 0xc9], [0xc1, 0x81], [0xca, 0x80, 0xff], [0x80]]) {
    expect(folded(Uint8Array.from(bytes))).toBe(`ff${Buffer.from(bytes).toString('hex')}`);
  }
});
