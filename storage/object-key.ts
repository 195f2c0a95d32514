import { DynDataError } from '../core/index.ts';

const keyPattern = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._:@-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._:@-]+)*$/;

/**
 * Holds every adapter to the same keys, so that none of them can be made to climb out of its folder or bucket prefix.
 * @throws DynDataError INTERNAL: keys are made by dyn-data from checked names, so a bad one is our defect.
 */
export function checkKey(key: string): void {
  if (!keyPattern.test(key))
    throw new DynDataError('INTERNAL', `"${key}" is no storage key. Please report this with the command that you ran.`);
}
