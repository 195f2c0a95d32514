import * as z from 'zod/mini';
import { defineAnonymizer, identityParameter, refuse } from '../anonymizer.ts';
import { isIbanCharacter, longestIban, readIban, writeIbanCheck } from '../iban-numbers.ts';
import { createNormalizer } from '../normalize.ts';
import { createPermutation } from '../permutation.ts';
import { copyOf } from '../pseudonym-bytes.ts';

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
    const permute = createPermutation(tools.prf('iban/1', identity, 'token'));
    const fallback = tools.prf('iban-fallback/1', identity, 'token');
    const normalizer = createNormalizer();
    const tag = new Uint32Array(4);
    const compact = new Uint8Array(longestIban);
    const word = new Uint8Array(longestIban);
    const radices = new Uint8Array(longestIban);

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
      apply: (value) => {
        const length = readIban(value, compact);
        if (length === 0) return otherwise(value);
        let shape = 0;
        for (let at = 4; at < length; at++) {
          const byte = compact[at] as number;
          const isDigit = byte < 0x40;
          if (!isDigit) shape |= 1 << (at - 4);
          radices[at - 4] = isDigit ? 10 : 26;
          word[at - 4] = byte - (isDigit ? 0x30 : 0x41);
        }
        permute(word, radices, length - 4, ((compact[0] as number) << 8) | (compact[1] as number), shape);
        for (let at = 4; at < length; at++) compact[at] = (word[at - 4] as number) + (radices[at - 4] === 10 ? 0x30 : 0x41);
        writeIbanCheck(compact, length);
        const result = copyOf(value);
        for (let at = 0, from = 0; at < result.length; at++)
          if (isIbanCharacter(result[at] as number)) result[at] = compact[from++] as number;
        return result;
      },
    };
  },
});
