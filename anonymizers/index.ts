export type {
  AlikeValues,
  CompiledPolicy,
  ComputedKey,
  DecidedDocuments,
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
export { createNamingTypes } from './directory-names.ts';
export { documentPaths } from './json-inspect.ts';
export { parseJsonPath } from './json-paths.ts';
export { parseKey } from './key.ts';
export { kindOfName, type NameKind, rulesOfKind, whyNotKept, wordsOf } from './name-kinds.ts';
export { type PlanLine, viewPlan } from './plan-view.ts';
export { type Policy, parsePolicy, policyDigest, type Rule } from './policy.ts';
export { policyJsonSchema } from './policy-json-schema.ts';
export * from './primitives.ts';
export { isFirstName, pseudonymWords } from './pseudonym-words.ts';
export { countApart, countLeaves, enoughAlike, enoughRows, fewValues, reportSurveys, type SurveyAnswer } from './surveys.ts';
export type { LeakFacts } from './watch.ts';
