import { type ObjectStore, type ScheduleStore, scheduleRecordSchema } from '../core/index.ts';
import { readRecord, writeRecord } from './json-objects.ts';

const prefix = 'schedules/';

/** Schedules over any object store: `schedules/<name>`. */
export function createScheduleStore(objects: ObjectStore): ScheduleStore {
  const read: ScheduleStore['read'] = async (name) => {
    const found = await readRecord(objects, `${prefix}${name}`, scheduleRecordSchema);
    return found && { record: found.record, etag: found.info.etag };
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
      await writeRecord(objects, `${prefix}${record.name}`, record, { condition: expected });
    },
    remove: (name) => objects.remove(`${prefix}${name}`),
  };
}
