/**
 * What the leak scan's thread needs, and nothing that needs the catalogue or the policy: their libraries take longer to load than the
 * thread has work in a small build.
 */

export { type AccountPermutationKey, createAccountPermutation } from './account-permutations.ts';
export { readCard } from './card-permutation.ts';
export { ibanCountries } from './iban-countries.ts';
export { longestIban, readIban } from './iban-numbers.ts';
export type { Key } from './key.ts';
export type { DetectorRule, LeakAllowance, LeakRule, Watch, WatchKind } from './leak-rules.ts';
export { leakRules, watchKinds } from './leak-rules.ts';
export { createNormalizer } from './normalize.ts';
export { callingCodes, phoneCountries, zeroTrunkCodes } from './phone-countries.ts';
export { createPhoneParser } from './phone-numbers.ts';
export { createPhonePermutation, type PhonePermutationKey } from './phone-permutation.ts';
export { createSipHash, keyWords } from './siphash.ts';
export { hashFunctions, hashGlobals, messageAt, mostBytes as mostMessageBytes, resultAt } from './siphash-wasm.ts';
