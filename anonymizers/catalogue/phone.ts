import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter, refuse, unmaskable } from '../anonymizer.ts';
import { createNormalizer } from '../normalize.ts';
import { numberPermutationKey } from '../permutation.ts';
import { phoneCountries } from '../phone-countries.ts';
import { createPhonePermutation } from '../phone-permutation.ts';

/**
 * As many values of a unique column may be no numbers: two of them get the same of 10¹² results with a probability of 5 in 100,000. A build
 * that stops is better than one that cannot be restored.
 */
const mostOthers = 10_000;
/** `+999` and twelve digits: E.164 in form, assigned to nobody. */
const fallbackLength = 16;

export const phone = defineAnonymizer({
  name: 'phone',
  summary:
    'A phone number of the same country, type and style: the digits of the subscriber go through a keyed permutation, so different numbers stay different and one number in two styles stays one. The sum of these digits changes between even and odd, so no number stands for itself. What is no phone number becomes a number at +999, which nobody has.',
  types: ['text'],
  facts: {
    charset: 'ascii',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'yes',
    enumerable: 'partly',
    protects: 'The subscriber: without the key no number can be told from the others of its country and type.',
    leaves:
      'Country, type and the style of writing; which rows have the same number. The result may be the number of somebody else. What is no number is unique only by chance, among 10¹²: on a unique column, more than 10,000 such values stop the build.',
    example: { value: '+33 6 12 34 56 78' },
  },
  parameters: z.strictObject({
    identity: identityParameter('person.phone'),
    country: described(
      z.optional(z.string()),
      "The country (ISO code) of numbers that are written without one; the policy's `country` where left out.",
    ),
  }),
  create: ({ identity, country: iso }, tools) => {
    const country = iso === undefined ? tools.country : phoneCountries.find((candidate) => candidate.iso === iso.toUpperCase());
    if (!country) return refuse(`"phone" knows these countries: ${phoneCountries.map((known) => known.iso).join(' ')}`);
    if ((tools.target.maxLength ?? fallbackLength) < fallbackLength) refuse(`"phone" needs room for ${fallbackLength} characters`);
    const key = numberPermutationKey(tools.prf('phone/1', identity, 'phone'));
    const { pseudonym } = createPhonePermutation({ key, country });
    const fallback = createFallback(tools.prf('phone-fallback/1', identity, 'phone'));
    const { unique, place } = tools.target;
    let others = 0;
    const otherwise = (value: Uint8Array): Uint8Array => {
      others += 1;
      if (unique && others > mostOthers) throw tooManyOthers(place);
      return fallback(value);
    };
    return {
      unique: true,
      folds: 'blanks',
      longest: 'input',
      phonePermutation: { key, country },
      apply: (value) => pseudonym(value) ?? otherwise(value),
    };
  },
});

function tooManyOthers(place: string): Error {
  return unmaskable(
    place,
    `more than ${mostOthers} values that are no phone numbers, and the column is unique: two of them could get the same result`,
    'Give the column "token" or "hash" in the policy, or correct the rows at the source.',
  );
}

function createFallback(prf: (message: Uint8Array, lengthBytes: number, into: Uint32Array) => void): (value: Uint8Array) => Uint8Array {
  const normalizer = createNormalizer();
  const tag = new Uint32Array(4);
  return (value) => {
    const length = normalizer.folded(value);
    prf(normalizer.bytes, length, tag);
    const number = ((tag[0] as number) * 0x10_0000 + ((tag[1] as number) >>> 12)) % 1e12;
    return new TextEncoder().encode(`+999${String(number).padStart(fallbackLength - 4, '0')}`);
  };
}
