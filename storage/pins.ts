import { type Catalog, DynDataError, type ObjectStore, type Pin, type Pins, pinSchema } from '../core/index.ts';
import type { SweepLog } from './collector/sweep-log.ts';
import { readRecord, writeRecord } from './json-objects.ts';
import { inRepository } from './keys.ts';
import { mapAhead } from './read-ahead.ts';

/** Pins of a list that are read at the same time. */
const pinsAhead = 8;

const pinKey = ({ repository, digest, id }: Pick<Pin, 'repository' | 'digest' | 'id'>): string =>
  `${inRepository('pins', repository)}${digest}/${id}`;

/** Pins over any object store: `pins/<repository>/@/<digest>/<id>`. */
export function createPins(objects: ObjectStore, catalog: Pick<Catalog, 'manifest'>, log: SweepLog): Pins {
  const requireManifest = async ({ repository, digest }: Pin, signal?: AbortSignal): Promise<void> => {
    if (await catalog.manifest(repository, digest, signal)) return;
    throw new DynDataError('SNAPSHOT_UNKNOWN', `The repository "${repository}" has no snapshot ${digest}.`);
  };
  return {
    async put(pin, signal) {
      const before = await log.position(signal);
      await requireManifest(pin, signal);
      await writeRecord(objects, pinKey(pin), pin, { condition: 'absent', signal });
      // Either who removes the snapshot at this moment sees the pin, or we see the removal.
      if (await log.isUnchangedSince(before, signal)) return;
      await log.settled(signal);
      await requireManifest(pin, signal).catch(async (error: unknown) => {
        await objects.remove(pinKey(pin));
        throw error;
      });
    },

    async *list(repository, { digest, after, signal } = {}) {
      const all = inRepository('pins', repository);
      const prefix = digest === undefined ? all : `${all}${digest}/`;
      const keys = objects.list(prefix, { ...(after !== undefined && { after: `${all}${after}` }), ...(signal && { signal }) });
      for await (const found of mapAhead(keys, pinsAhead, ({ key }) => readRecord(objects, key, pinSchema, signal))) {
        if (found) yield found.record;
      }
    },

    async get(repository, digest, id, signal) {
      return (await readRecord(objects, pinKey({ repository, digest, id }), pinSchema, signal))?.record;
    },

    async has(repository, digest, id, signal) {
      return (await objects.stat(pinKey({ repository, digest, id }), signal)) !== undefined;
    },

    async remove(repository, digest, id, signal) {
      const key = pinKey({ repository, digest, id });
      if (!(await objects.stat(key, signal))) return false;
      await objects.remove(key, signal);
      return true;
    },
  };
}
