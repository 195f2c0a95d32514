import * as z from 'zod/mini';
import { type ObjectStore, type ScheduleStore, scheduleRecordSchema } from '../core/index.ts';
import { readRecord, writeRecord } from './json-objects.ts';

const prefix = 'schedules/';

/**
 * What is left of a removed schedule: no store removes an object on a condition, but every one replaces it on one. So whoever changes the schedule at
 * the same moment, and whoever makes one of the same name, is either before the removal or after it.
 */
const removedSchema = z.strictObject({ version: z.literal(1), removed: z.literal(true) });
const storedSchema = z.union([scheduleRecordSchema, removedSchema]);

/** Schedules over any object store: `schedules/<name>`. */
export function createScheduleStore(objects: ObjectStore): ScheduleStore {
  const readStored = (name: string) => readRecord(objects, `${prefix}${name}`, storedSchema);
  const read: ScheduleStore['read'] = async (name) => {
    const found = await readStored(name);
    return found && !('removed' in found.record) ? { record: found.record, etag: found.info.etag } : undefined;
  };
  return {
    read,
    async *list() {
      for await (const { key } of objects.list(prefix)) {
        const found = await read(key.slice(prefix.length));
        if (found) yield found.record;
      }
    },
    async write(record, expected) {
      const before = expected === 'absent' ? await readStored(record.name) : undefined;
      const condition = before && 'removed' in before.record ? { etag: before.info.etag } : expected;
      await writeRecord(objects, `${prefix}${record.name}`, record, { condition });
    },
    async remove(name, etag) {
      const removed: z.infer<typeof removedSchema> = { version: 1, removed: true };
      await writeRecord(objects, `${prefix}${name}`, removed, { condition: { etag } });
    },
  };
}
