import * as z from 'zod/mini';
import { defineAnonymizer, identityParameter, refuse } from '../anonymizer.ts';
import { writeIbanCheck } from '../iban-numbers.ts';
import { createIbanPermutation } from '../iban-permutation.ts';
import { createNormalizer } from '../normalize.ts';
import { createSipHash } from '../siphash.ts';

/** `ZZ`, which is no country, two check digits and twenty more. */
const fallbackLength = 24;

export const iban = defineAnonymizer({
  name: 'iban',
  summary:
    'An IBAN of the same country, length and style with valid check digits: a keyed permutation, so different accounts stay different. What is no valid IBAN becomes one of the country ZZ, which does not exist.',
  types: ['text'],
  facts: {
    charset: 'ascii',
    length: 'form',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'yes',
    enumerable: 'with-key',
    protects: 'Bank and account.',
    leaves:
      'The country and the style; which rows have the same account. Check digits that a country has inside the account number are not made valid. The result may by chance be an account of somebody.',
    example: { value: 'FR14 2004 1010 0505 0001 3M02 606' },
  },
  parameters: z.strictObject({ identity: identityParameter('bank.account') }),
  create: ({ identity }, tools) => {
    if ((tools.target.maxLength ?? fallbackLength) < fallbackLength) refuse(`"iban" needs room for ${fallbackLength} characters`);
    const key = tools.prfKey('iban/1', identity, 'token');
    const { pseudonym } = createIbanPermutation(createSipHash(key));
    const fallback = tools.prf('iban-fallback/1', identity, 'token');
    const normalizer = createNormalizer();
    const tag = new Uint32Array(4);

    const otherwise = (value: Uint8Array): Uint8Array => {
      const length = normalizer.folded(value);
      fallback(normalizer.bytes, length, tag);
      const result = new Uint8Array(fallbackLength);
      result[0] = result[1] = 0x5a;
      const digits = [...tag].map((part) => String(part % 100_000).padStart(5, '0')).join('');
      for (let at = 0; at < digits.length; at++) result[4 + at] = digits.charCodeAt(at);
      writeIbanCheck(result, fallbackLength);
      return result;
    };

    return {
      unique: true,
      folds: 'blanks',
      longest: 'input',
      accountPermutation: { form: 'iban', key },
      apply: (value) => pseudonym(value) ?? otherwise(value),
    };
  },
});
