import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAccountPermutation } from '../../anonymizers/account-permutations.ts';
import { cardCheckDigit } from '../../anonymizers/card-permutation.ts';
import { ibanCountries } from '../../anonymizers/iban-countries.ts';
import { writeIbanCheck } from '../../anonymizers/iban-numbers.ts';

const key = new Uint8Array(16).fill(5);
const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();

describe('with the key, the original of a pseudonym is found again', () => {
  const iban = createAccountPermutation({ form: 'iban', key });
  const card = createAccountPermutation({ form: 'card', key });

  it.each([...ibanCountries])('IBAN of %s', (country, { length, shape }) => {
    const account = fc.stringMatching(new RegExp(`^${shape.source.slice(1, -1).replace(`${country}[0-9]{2}`, '')}$`));
    fc.assert(
      fc.property(account, fc.boolean(), (bban, isGrouped) => {
        const compact = Buffer.from(`${country}00${bban}`);
        writeIbanCheck(compact, length);
        const written = isGrouped ? Buffer.from(compact.toString().replaceAll(/(.{4})(?=.)/g, '$1 ')) : compact;
        const pseudonym = iban.pseudonym(written);
        expect(textOf(pseudonym && iban.original(pseudonym))).toBe(written.toString());
        // In capitals, letters stay letters and digits digits: the country's form is kept.
        expect(textOf(pseudonym)?.replaceAll(' ', '')).toMatch(shape);
      }),
      { numRuns: 20 },
    );
  });

  it('card number', () => {
    const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 11, maxLength: 18 }).filter(([a, b]) => a !== 0 || b !== 0);
    fc.assert(
      fc.property(digits, (most) => {
        const number = Uint8Array.from([...most, 0]);
        number[most.length] = cardCheckDigit(number, number.length);
        const written = Buffer.from(number.join(''));
        const pseudonym = card.pseudonym(written);
        expect(textOf(pseudonym && card.original(pseudonym))).toBe(written.toString());
      }),
    );
  });

  it('what is none has neither', () => {
    for (const value of ['', 'FR00', 'DE89370400440532013001', '4111111111111112', '0000000000000000']) {
      const bytes = Buffer.from(value);
      expect([iban.pseudonym(bytes), iban.original(bytes), card.pseudonym(bytes), card.original(bytes)]).toEqual(
        new Array(4).fill(undefined),
      );
    }
  });
});
