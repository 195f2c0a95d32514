export type {
  CompiledPolicy,
  DefinitionsPlan,
  DirectoryEntry,
  DirectoryPlan,
  ForeignKey,
  LiveColumn,
  LiveDefinition,
  LiveSource,
  LiveTable,
  TablePlan,
  UniqueKey,
  Value,
} from './api.ts';
export { catalogue } from './catalogue/index.ts';
export { compilePolicy } from './compile.ts';
export { type Key, parseKey } from './key.ts';
export { createNormalizer } from './normalize.ts';
export { phoneCountries } from './phone-countries.ts';
export { createPhoneParser } from './phone-numbers.ts';
export { createPhonePermutation, type PhonePermutationKey } from './phone-permutation.ts';
export { type PlanLine, viewPlan } from './plan-view.ts';
export { type Policy, parsePolicy, type Rule } from './policy.ts';
export { pseudonymWords } from './pseudonym-words.ts';
export { createSipHash, keyWords } from './siphash.ts';
export { hashFunctions, hashGlobals, messageAt, mostBytes as mostMessageBytes, resultAt } from './siphash-wasm.ts';
export { enoughRows, fewValues, reportSurveys, type SurveyAnswer } from './surveys.ts';
export type { DetectorRule, LeakAllowance, LeakRule, Watch, WatchKind } from './watch.ts';
export { leakRules, watchKinds } from './watch.ts';
