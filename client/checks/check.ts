import { DynDataError, type ErrorCode } from '../../core/errors.ts';

/** One line of `dyn-data doctor`. Nothing in it is a secret. */
export type Check = {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'fail';
  /** What was found. */
  readonly found: string;
  /** What to do about it; absent where all is well. */
  readonly cure?: string;
  /** Of a failure; its exit code is the command's. */
  readonly code?: ErrorCode;
};

export const ok = (name: string, found: string): Check => ({ name, state: 'ok', found });
export const warn = (name: string, found: string, cure: string): Check => ({ name, state: 'warn', found, cure });
export const fail = (name: string, code: ErrorCode, found: string, cure: string): Check => ({ name, state: 'fail', code, found, cure });

/** What a command would have failed with, as a line: the first sentence is what was found, the rest what to do. */
export function failed(name: string, error: unknown): Check {
  if (!(error instanceof DynDataError) || error.code === 'CANCELLED') throw error;
  const sentences = error.message.replace(/ Nothing was started\./g, '').split(/(?<=[.]) (?=[A-Z])/);
  const [found = '', ...rest] = sentences;
  const details = error.details.length > 0 ? [`(${error.details.join('; ')})`] : [];
  return fail(name, error.code, [found, ...details].join(' '), rest.join(' ') || 'Correct it and run the command again.');
}
