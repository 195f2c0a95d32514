import type { ObjectInfo, ObjectStore, WriteCondition } from '../core/index.ts';
import type { KeyLock } from './key-lock.ts';
import { conflict } from './storage-errors.ts';

/**
 * Conditional writes for a store that has none: each change of a key is made while its lock is held, and a condition is looked at before.
 * Writes without a condition and removals hold the lock too, else one of them could come between another's look and its write.
 */
export function lockedWrites<T extends ObjectStore>(objects: T, lock: KeyLock): T {
  return {
    ...objects,
    write: (key, bytes, { sizeBytes, condition, signal }) =>
      lock.hold(
        key,
        async (held) => {
          if (condition && !holds(condition, await objects.stat(key, held.signal))) throw conflict(key);
          const written = await objects.write(key, bytes, { sizeBytes, signal: held.signal });
          await held.confirm();
          return written;
        },
        signal,
      ),
    remove: (key, signal) =>
      lock.hold(
        key,
        async (held) => {
          await objects.remove(key, held.signal);
          await held.confirm();
        },
        signal,
      ),
  };
}

function holds(condition: WriteCondition, found: ObjectInfo | undefined): boolean {
  return condition === 'absent' ? found === undefined : found?.etag === condition.etag;
}
