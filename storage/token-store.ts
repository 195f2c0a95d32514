import * as z from 'zod/mini';
import { type ObjectStore, type TokenStore, tokenRecordSchema } from '../core/index.ts';
import { readRecord, writeRecord } from './json-objects.ts';
import { mapAhead } from './read-ahead.ts';

const useSchema = z.strictObject({ version: z.literal(1), at: z.string() });
const recordsAhead = 8;

/** Tokens over any object store: `tokens/<id>`, and apart from them `token-uses/<id>`. */
export function createTokenStore(objects: ObjectStore): TokenStore {
  const tokenKey = (id: string): string => `tokens/${id}`;
  const useKey = (id: string): string => `token-uses/${id}`;
  return {
    async get(id, signal) {
      const found = await readRecord(objects, tokenKey(id), tokenRecordSchema, signal);
      return found && { record: found.record, etag: found.info.etag };
    },

    async *list({ after, signal } = {}) {
      const keys = objects.list('tokens/', { ...(after !== undefined && { after: tokenKey(after) }), ...(signal && { signal }) });
      const read = mapAhead(keys, recordsAhead, ({ key }) => readRecord(objects, key, tokenRecordSchema, signal));
      for await (const found of read) if (found) yield found.record;
    },

    async create(record, signal) {
      await writeRecord(objects, tokenKey(record.id), record, { condition: 'absent', signal });
    },

    async replace(record, etag, signal) {
      await writeRecord(objects, tokenKey(record.id), record, { condition: { etag }, signal });
    },

    async lastUse(id, signal) {
      return (await readRecord(objects, useKey(id), useSchema, signal))?.record.at;
    },

    async noteUse(id, at, signal) {
      await writeRecord(objects, useKey(id), { version: 1, at }, { signal });
    },
  };
}
