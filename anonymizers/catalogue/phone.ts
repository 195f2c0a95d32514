import * as z from 'zod/mini';
import { defineAnonymizer, identityParameter, refuse } from '../anonymizer.ts';
import { createNormalizer } from '../normalize.ts';
import { createPermutation } from '../permutation.ts';
import { phoneCountries } from '../phone-countries.ts';
import { createPhoneParser, type PhoneNumber } from '../phone-numbers.ts';
import { copyOf } from '../pseudonym-bytes.ts';

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
      'Country, type and the style of writing; which rows have the same number. The result may be the number of somebody else. What is no number is unique only by chance, among 10¹².',
    example: { value: '+33 6 12 34 56 78' },
  },
  parameters: z.strictObject({
    identity: identityParameter('person.phone'),
    /** ISO code of the country of numbers written without one; the policy's `country` where left out. */
    country: z.optional(z.string()),
  }),
  create: ({ identity, country: iso }, tools) => {
    const country = iso === undefined ? tools.country : phoneCountries.find((candidate) => candidate.iso === iso.toUpperCase());
    if (!country) return refuse(`"phone" knows these countries: ${phoneCountries.map((known) => known.iso).join(' ')}`);
    if ((tools.target.maxLength ?? fallbackLength) < fallbackLength) refuse(`"phone" needs room for ${fallbackLength} characters`);
    const parse = createPhoneParser(country);
    const permute = createPermutation(tools.prf('phone/1', identity, 'phone'));
    const fallback = createFallback(tools.prf('phone-fallback/1', identity, 'phone'));
    const word = new Uint8Array(longestSubscriber);
    return {
      unique: true,
      longest: 'input',
      apply: (value) => {
        const number = parse(value);
        if (!number) return fallback(value);
        const length = number.count - number.subscriber;
        for (let at = 0; at < length; at++) word[at] = number.digits[number.subscriber + at] as number;
        // Of a number, all but the parity of its digits is permuted: the last digit is worth five values. The parity then becomes the other one.
        const last = length - 1;
        const parity = sumOf(word, length) & 1;
        word[last] = (word[last] as number) >> 1;
        // Walking on until the result is as valid as the value keeps the permutation one, on the valid numbers and on the others.
        const valid = isValid(number, word);
        const radices = radicesOf(length);
        let prefix = 0;
        for (let at = 0; at < number.prefixLength; at++) prefix = prefix * 10 + (number.prefix[at] as number);
        do permute(word, radices, length, prefix, number.prefixLength | (length << 8));
        while (isValid(number, word) !== valid);
        word[last] = 2 * (word[last] as number);
        if ((sumOf(word, length) & 1) === parity) word[last] = (word[last] as number) + 1;
        const result = copyOf(value);
        for (let at = 0; at < length; at++) {
          result[number.positions[number.subscriber + at] as number] = 0x30 + (word[at] as number);
        }
        return result;
      },
    };
  },
});

const longestSubscriber = 16;

/** Ten for every digit, five for the last, by the number of digits. */
const radicesByLength: readonly Uint8Array[] = Array.from({ length: longestSubscriber + 1 }, (_item, length) =>
  Uint8Array.from({ length }, (_digit, at) => (at === length - 1 ? 5 : 10)),
);

function radicesOf(length: number): Uint8Array {
  return radicesByLength[length] as Uint8Array;
}

function sumOf(word: Uint8Array, length: number): number {
  let sum = 0;
  for (let at = 0; at < length; at++) sum += word[at] as number;
  return sum;
}

/** In North America the digit after the area code is never 0 or 1. */
function isValid(number: PhoneNumber, subscriber: Uint8Array): boolean {
  return number.callingCode !== '1' || (subscriber[0] as number) >= 2;
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
