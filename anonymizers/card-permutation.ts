import { createPermutation, createRestoration, type Permute } from './permutation.ts';
import { copyOf } from './pseudonym-bytes.ts';
import type { Prf } from './siphash.ts';

/** Both give undefined for what is no valid card number. */
export type CardPermutation = {
  /** The number that stands for this one, in its style. */
  pseudonym(number: Uint8Array): Uint8Array | undefined;
  /** The number that this one stands for, in its style. */
  original(pseudonym: Uint8Array): Uint8Array | undefined;
};

const shortestCard = 12;
const longestCard = 19;

/** A permutation of the card numbers of one brand and length. */
export function createCardPermutation(prf: Prf): CardPermutation {
  const digits = new Uint8Array(longestCard);
  const word = new Uint8Array(longestCard);
  const radices = new Uint8Array(longestCard).fill(10);

  const through =
    (step: Permute): ((value: Uint8Array) => Uint8Array | undefined) =>
    (value) => {
      const length = readCard(value, digits);
      if (length === 0) return undefined;
      const kept = brandDigits(digits);
      let brand = 0;
      for (let at = 0; at < kept; at++) brand = brand * 10 + (digits[at] as number);
      const count = length - kept - 1;
      for (let at = 0; at < count; at++) word[at] = digits[kept + at] as number;
      step(word, radices, count, brand, length);
      for (let at = 0; at < count; at++) digits[kept + at] = word[at] as number;
      digits[length - 1] = cardCheckDigit(digits, length);
      const result = copyOf(value);
      for (let at = 0, from = 0; at < result.length; at++)
        if (isDigit(result[at] as number)) result[at] = 0x30 + (digits[from++] as number);
      return result;
    };
  return { pseudonym: through(createPermutation(prf)), original: through(createRestoration(prf)) };
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** The digits of a valid number; 0 for anything else. `00` begins no issuer's numbers. */
export function readCard(value: Uint8Array, into: Uint8Array): number {
  let length = 0;
  for (const byte of value) {
    if (byte === 0x20 || byte === 0x2d) continue;
    if (!isDigit(byte) || length === longestCard) return 0;
    into[length++] = byte - 0x30;
  }
  if (length < shortestCard || (into[0] === 0 && into[1] === 0)) return 0;
  return cardCheckDigit(into, length) === into[length - 1] ? length : 0;
}

/** Digits that say the brand: one of Visa's, two of Mastercard's, American Express's and Diners', four of the others. */
function brandDigits(digits: Uint8Array): number {
  if (digits[0] === 4) return 1;
  return digits[0] === 3 || digits[0] === 5 ? 2 : 4;
}

/** The last digit that makes the sum of Luhn's formula a multiple of ten. */
export function cardCheckDigit(digits: Uint8Array, length: number): number {
  let sum = 0;
  for (let at = length - 2, doubled = true; at >= 0; at--, doubled = !doubled) {
    const digit = digits[at] as number;
    sum += doubled ? (digit > 4 ? 2 * digit - 9 : 2 * digit) : digit;
  }
  return (10 - (sum % 10)) % 10;
}
