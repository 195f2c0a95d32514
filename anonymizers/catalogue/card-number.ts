import * as z from 'zod/mini';
import { defineAnonymizer, identityParameter, refuse } from '../anonymizer.ts';
import { createNormalizer } from '../normalize.ts';
import { createPermutation } from '../permutation.ts';
import { copyOf } from '../pseudonym-bytes.ts';

const shortest = 12;
const longest = 19;
/** `00` begins no issuer's numbers. */
const fallbackLength = 19;

export const cardNumber = defineAnonymizer({
  name: 'card-number',
  summary:
    'A payment card number of the same brand, length and style with a valid check digit (Luhn): a keyed permutation, so different cards stay different. What is no valid number becomes one that begins with 00, which no card has.',
  types: ['text'],
  facts: {
    charset: 'ascii',
    length: 'form',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'yes',
    enumerable: 'with-key',
    protects: 'Issuer and card.',
    leaves:
      'The brand (one, two or four digits) and the length; which rows have the same card. The result may by chance be the card of somebody. What is no valid number is unique only by chance, among 10¹⁶.',
    example: { value: '4111 1111 1111 1111' },
  },
  parameters: z.strictObject({ identity: identityParameter('bank.card') }),
  create: ({ identity }, tools) => {
    if ((tools.target.maxLength ?? fallbackLength) < fallbackLength) refuse(`"card-number" needs room for ${fallbackLength} characters`);
    const permute = createPermutation(tools.prf('card-number/1', identity, 'token'));
    const fallback = tools.prf('card-number-fallback/1', identity, 'token');
    const normalizer = createNormalizer();
    const tag = new Uint32Array(4);
    const digits = new Uint8Array(longest);
    const word = new Uint8Array(longest);
    const radices = new Uint8Array(longest).fill(10);

    const otherwise = (value: Uint8Array): Uint8Array => {
      const length = normalizer.folded(value);
      fallback(normalizer.bytes, length, tag);
      const drawn = [...tag].map((part) => String(part % 10_000).padStart(4, '0')).join('');
      const made = Uint8Array.from(`00${drawn}0`, Number);
      made[fallbackLength - 1] = checkDigit(made, fallbackLength);
      return made.map((digit) => digit + 0x30);
    };

    return {
      unique: true,
      folds: 'blanks',
      longest: 'input',
      apply: (value) => {
        const length = readDigits(value, digits);
        if (length === 0) return otherwise(value);
        const kept = brandDigits(digits);
        let brand = 0;
        for (let at = 0; at < kept; at++) brand = brand * 10 + (digits[at] as number);
        const count = length - kept - 1;
        for (let at = 0; at < count; at++) word[at] = digits[kept + at] as number;
        permute(word, radices, count, brand, length);
        for (let at = 0; at < count; at++) digits[kept + at] = word[at] as number;
        digits[length - 1] = checkDigit(digits, length);
        const result = copyOf(value);
        for (let at = 0, from = 0; at < result.length; at++)
          if (isDigit(result[at] as number)) result[at] = 0x30 + (digits[from++] as number);
        return result;
      },
    };
  },
});

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** The digits of a valid number; 0 for anything else. */
function readDigits(value: Uint8Array, into: Uint8Array): number {
  let length = 0;
  for (const byte of value) {
    if (byte === 0x20 || byte === 0x2d) continue;
    if (!isDigit(byte) || length === longest) return 0;
    into[length++] = byte - 0x30;
  }
  if (length < shortest || (into[0] === 0 && into[1] === 0)) return 0;
  return checkDigit(into, length) === into[length - 1] ? length : 0;
}

/** Digits that say the brand: one of Visa's, two of Mastercard's, American Express's and Diners', four of the others. */
function brandDigits(digits: Uint8Array): number {
  if (digits[0] === 4) return 1;
  return digits[0] === 3 || digits[0] === 5 ? 2 : 4;
}

/** The last digit that makes the sum of Luhn's formula a multiple of ten. */
function checkDigit(digits: Uint8Array, length: number): number {
  let sum = 0;
  for (let at = length - 2, doubled = true; at >= 0; at--, doubled = !doubled) {
    const digit = digits[at] as number;
    sum += doubled ? (digit > 4 ? 2 * digit - 9 : 2 * digit) : digit;
  }
  return (10 - (sum % 10)) % 10;
}
