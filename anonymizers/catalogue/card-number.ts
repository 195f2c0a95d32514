import * as z from 'zod/mini';
import { defineAnonymizer, identityParameter, refuse } from '../anonymizer.ts';
import { cardCheckDigit, createCardPermutation } from '../card-permutation.ts';
import { createNormalizer } from '../normalize.ts';
import { createSipHash } from '../siphash.ts';

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
    const key = tools.prfKey('card-number/1', identity, 'token');
    const { pseudonym } = createCardPermutation(createSipHash(key));
    const fallback = tools.prf('card-number-fallback/1', identity, 'token');
    const normalizer = createNormalizer();
    const tag = new Uint32Array(4);

    const otherwise = (value: Uint8Array): Uint8Array => {
      const length = normalizer.folded(value);
      fallback(normalizer.bytes, length, tag);
      const drawn = [...tag].map((part) => String(part % 10_000).padStart(4, '0')).join('');
      const made = Uint8Array.from(`00${drawn}0`, Number);
      made[fallbackLength - 1] = cardCheckDigit(made, fallbackLength);
      return made.map((digit) => digit + 0x30);
    };

    return {
      unique: true,
      folds: 'blanks',
      longest: 'input',
      accountPermutation: { form: 'card', key },
      apply: (value) => pseudonym(value) ?? otherwise(value),
    };
  },
});
