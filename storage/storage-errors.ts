import { DynDataError } from '../core/index.ts';

export function conflict(key: string, cause?: unknown): DynDataError {
  return new DynDataError('CONFLICT', `${key} was changed by somebody else in the meantime. Look at its present state, then try again.`, {
    cause,
  });
}
