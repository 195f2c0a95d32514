export type {
  CompiledPolicy,
  DirectoryEntry,
  DirectoryPlan,
  LiveColumn,
  LiveSource,
  TablePlan,
  Value,
} from './api.ts';
export { catalogue } from './catalogue/index.ts';
export { compilePolicy } from './compile.ts';
export { type Key, parseKey } from './key.ts';
export { type Policy, parsePolicy } from './policy.ts';
