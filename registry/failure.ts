import { toDynDataError } from '../core/index.ts';
import { errorFields } from './log.ts';

/** What the registry's program says on standard error when it cannot go on, without a stack, and the status that it ends with. */
export function failureOf(thrown: unknown): { readonly text: string; readonly exitCode: number } {
  const error = toDynDataError(thrown);
  const places = error.code === 'INTERNAL' ? [JSON.stringify(errorFields(error))] : [];
  return { text: `${[`${error.code}: ${error.message}`, ...error.details, ...places].join('\n  ')}\n`, exitCode: error.exitCode };
}
