import { createNumberPermutation, type Permute } from './permutation.ts';
import type { PhoneCountry } from './phone-countries.ts';
import { createPhoneParser, type PhoneNumber } from './phone-numbers.ts';
import { copyOf } from './pseudonym-bytes.ts';

/** All that decides how phone numbers are replaced: a key of 16 bytes, and the country of numbers written without one. */
export type PhonePermutationKey = { readonly key: Uint8Array; readonly country: PhoneCountry };

/** Both give undefined for what is no phone number. */
export type PhonePermutation = {
  /** The number that stands for this one, in its style. */
  pseudonym(number: Uint8Array): Uint8Array | undefined;
  /** The number that this one stands for, in its style. */
  original(pseudonym: Uint8Array): Uint8Array | undefined;
};

const longestSubscriber = 16;

/** Ten for every digit, five for the last, by the number of digits. */
const radicesByLength: readonly Uint8Array[] = Array.from({ length: longestSubscriber + 1 }, (_item, length) =>
  Uint8Array.from({ length }, (_digit, at) => (at === length - 1 ? 5 : 10)),
);

/** A permutation of the numbers of one country and type. */
export function createPhonePermutation({ key, country }: PhonePermutationKey): PhonePermutation {
  const parse = createPhoneParser(country);
  const { permute, restore } = createNumberPermutation(key);
  const word = new Uint8Array(longestSubscriber);

  const through =
    (step: Permute): ((value: Uint8Array) => Uint8Array | undefined) =>
    (value) => {
      const number = parse(value);
      if (!number) return undefined;
      const length = number.count - number.subscriber;
      for (let at = 0; at < length; at++) word[at] = number.digits[number.subscriber + at] as number;
      // Of a number, all but the parity of its digits is permuted: the last digit is worth five values. The parity then becomes the other one.
      const last = length - 1;
      const parity = sumOf(word, length) & 1;
      word[last] = (word[last] as number) >> 1;
      // Walking on until the result is as valid as the value keeps the permutation one, on the valid numbers and on the others.
      const valid = isValid(number, word);
      const radices = radicesByLength[length] as Uint8Array;
      let prefix = 0;
      for (let at = 0; at < number.prefixLength; at++) prefix = prefix * 10 + (number.prefix[at] as number);
      do step(word, radices, length, prefix, number.prefixLength | (length << 8));
      while (isValid(number, word) !== valid);
      word[last] = 2 * (word[last] as number);
      if ((sumOf(word, length) & 1) === parity) word[last] = (word[last] as number) + 1;
      const result = copyOf(value);
      for (let at = 0; at < length; at++) {
        result[number.positions[number.subscriber + at] as number] = 0x30 + (word[at] as number);
      }
      return result;
    };
  return { pseudonym: through(permute), original: through(restore) };
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
