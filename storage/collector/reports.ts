import { type Collection, collectionSchema, type ObjectStore } from '../../core/index.ts';
import { readRecord, writeRecord } from '../json-objects.ts';

const prefix = 'collector/runs/';
const keptRuns = 100;

type Found = { readonly collection: Collection; readonly writtenAt: Date };

/** What runs of the collector reported: `collector/runs/<id>`, in ascending order of the ids. The first hundred are kept. */
export type CollectionReports = {
  write(collection: Collection): Promise<void>;
  read(id: string): Promise<Found | undefined>;
  list(options?: { readonly after?: string }): AsyncIterable<Found>;
};

export function createCollectionReports(objects: ObjectStore): CollectionReports {
  const read = async (id: string): Promise<Found | undefined> => {
    if (!/^[0-9a-z-]{1,64}$/.test(id)) return undefined;
    const state = await objects.stat(`${prefix}${id}`);
    const found = state && (await readRecord(objects, state.key, collectionSchema));
    return found && { collection: found.record, writtenAt: state.modifiedAt };
  };
  return {
    read,
    async write(collection) {
      await writeRecord(objects, `${prefix}${collection.id}`, collection);
      if (collection.state === 'running') return;
      const keys: string[] = [];
      for await (const { key } of objects.list(prefix)) keys.push(key);
      for (const key of keys.slice(keptRuns)) await objects.remove(key);
    },
    async *list({ after } = {}) {
      for await (const { key } of objects.list(prefix, after === undefined ? {} : { after: `${prefix}${after}` })) {
        const found = await read(key.slice(prefix.length));
        if (found) yield found;
      }
    },
  };
}
