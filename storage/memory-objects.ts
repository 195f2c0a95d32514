import type { ObjectInfo, ObjectState, ObjectStore, WriteCondition } from '../core/index.ts';
import { exactly, gather } from './byte-streams.ts';
import { throwIfCancelled } from './cancellation.ts';
import { checkKey } from './object-key.ts';
import { conflict } from './storage-errors.ts';

/** Objects in this process's memory, for tests and trials: gone when it ends. */
export function createMemoryObjects({ clock = () => new Date() }: { readonly clock?: () => Date } = {}): ObjectStore {
  const objects = new Map<string, { info: ObjectInfo; modifiedAt: Date; bytes: Uint8Array }>();
  let writes = 0;

  const checkCondition = (key: string, condition: WriteCondition | undefined): void => {
    if (condition === undefined) return;
    const etag = objects.get(key)?.info.etag;
    if (condition === 'absent' ? etag !== undefined : etag !== condition.etag) throw conflict(key);
  };

  const stateOf = (found: { info: ObjectInfo; modifiedAt: Date } | undefined): ObjectState | undefined =>
    found && { ...found.info, modifiedAt: found.modifiedAt };

  return {
    async stat(key, signal) {
      checkKey(key);
      throwIfCancelled(signal);
      return stateOf(objects.get(key));
    },
    async read(key, { range, etag, signal } = {}) {
      checkKey(key);
      throwIfCancelled(signal);
      const found = objects.get(key);
      if (!found) return undefined;
      if (etag !== undefined && etag !== found.info.etag) throw conflict(key);
      const bytes = range ? found.bytes.subarray(range.start, Math.max(range.start, range.end)) : found.bytes;
      return { info: found.info, bytes: exactly(bytes, bytes.byteLength, key, signal) };
    },
    async *list(prefix, { after, signal } = {}) {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && (after === undefined || key > after)).sort();
      for (const key of keys) {
        throwIfCancelled(signal);
        const found = stateOf(objects.get(key));
        if (found) yield found;
      }
    },
    async write(key, bytes, { sizeBytes, condition, signal }) {
      checkKey(key);
      checkCondition(key, condition);
      const copy = Uint8Array.from(await gather(exactly(bytes, sizeBytes, key, signal)));
      throwIfCancelled(signal);
      checkCondition(key, condition);
      writes += 1;
      const info = { key, sizeBytes, etag: `m${writes}` };
      objects.set(key, { info, modifiedAt: clock(), bytes: copy });
      return info;
    },
    async remove(key, signal) {
      checkKey(key);
      throwIfCancelled(signal);
      objects.delete(key);
    },
  };
}
