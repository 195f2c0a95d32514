import { type CardPermutation, createCardPermutation } from './card-permutation.ts';
import { createIbanPermutation, type IbanPermutation } from './iban-permutation.ts';
import { createSipHash } from './siphash.ts';

/** All that decides how IBANs or card numbers are replaced: a key of 16 bytes. */
export type AccountPermutationKey = { readonly form: 'iban' | 'card'; readonly key: Uint8Array };

/** Both give undefined for what is none. */
export function createAccountPermutation({ form, key }: AccountPermutationKey): IbanPermutation | CardPermutation {
  const prf = createSipHash(key);
  return form === 'iban' ? createIbanPermutation(prf) : createCardPermutation(prf);
}
