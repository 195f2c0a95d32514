import { isIbanCharacter, longestIban, readIban, writeIbanCheck } from './iban-numbers.ts';
import { createPermutation, createRestoration, type Permute } from './permutation.ts';
import { copyOf } from './pseudonym-bytes.ts';
import type { Prf } from './siphash.ts';

/** Both give undefined for what is no valid IBAN. */
export type IbanPermutation = {
  /** The IBAN that stands for this one, in its style. */
  pseudonym(iban: Uint8Array): Uint8Array | undefined;
  /** The IBAN that this one stands for, in its style. */
  original(pseudonym: Uint8Array): Uint8Array | undefined;
};

/** A permutation of the IBANs of one country whose letters stand in the same places. */
export function createIbanPermutation(prf: Prf): IbanPermutation {
  const compact = new Uint8Array(longestIban);
  const word = new Uint8Array(longestIban);
  const radices = new Uint8Array(longestIban);

  const through =
    (step: Permute): ((value: Uint8Array) => Uint8Array | undefined) =>
    (value) => {
      const length = readIban(value, compact);
      if (length === 0) return undefined;
      let shape = 0;
      for (let at = 4; at < length; at++) {
        const byte = compact[at] as number;
        const isDigit = byte < 0x40;
        if (!isDigit) shape |= 1 << (at - 4);
        radices[at - 4] = isDigit ? 10 : 26;
        word[at - 4] = byte - (isDigit ? 0x30 : 0x41);
      }
      step(word, radices, length - 4, ((compact[0] as number) << 8) | (compact[1] as number), shape);
      for (let at = 4; at < length; at++) compact[at] = (word[at - 4] as number) + (radices[at - 4] === 10 ? 0x30 : 0x41);
      writeIbanCheck(compact, length);
      const result = copyOf(value);
      for (let at = 0, from = 0; at < result.length; at++)
        if (isIbanCharacter(result[at] as number)) result[at] = compact[from++] as number;
      return result;
    };
  return { pseudonym: through(createPermutation(prf)), original: through(createRestoration(prf)) };
}
