import * as z from 'zod/mini';
import { type Catalog, contentDigestSchema, DynDataError, type ObjectStore, type TagState, type WriteCondition } from '../core/index.ts';
import { readRecord, writeRecord } from './json-objects.ts';
import { inRepository } from './keys.ts';
import { recordsBelow } from './repository-records.ts';

const tagSchema = z.strictObject({ version: z.literal(1), digest: contentDigestSchema, movedAt: z.string() });

/**
 * What is left of a tag that was removed on a condition: no store that we know removes an object on one, but every one replaces it on one. So
 * whoever moves the tag at the same moment is either before the removal, which then does not happen, or after it. The collector takes it away.
 */
const removedSchema = z.strictObject({ version: z.literal(1), removed: z.literal(true) });
const storedSchema = z.union([tagSchema, removedSchema]);

type Tags = Pick<Catalog, 'tag' | 'tags' | 'removeTag'> & { readonly writeTag: Catalog['moveTag'] };

const tagKey = (repository: string, tag: string): string => `${inRepository('tags', repository)}${tag}`;

/** `tags/<repository>/@/<tag>`. Whether a tag's manifest is stored is for the caller to look at. */
export function createTags(objects: ObjectStore, clock: () => Date): Tags {
  const readStored = (repository: string, tag: string, signal?: AbortSignal) =>
    readRecord(objects, tagKey(repository, tag), storedSchema, signal);

  return {
    async tag(repository, tag, signal) {
      const found = await readStored(repository, tag, signal);
      if (!found || 'removed' in found.record) return undefined;
      return { tag, digest: found.record.digest, movedAt: found.record.movedAt, etag: found.info.etag };
    },

    async *tags(repository, listing = {}) {
      for await (const { name, record } of recordsBelow(objects, inRepository('tags', repository), storedSchema, listing)) {
        if (!('removed' in record)) yield { tag: name, digest: record.digest, movedAt: record.movedAt };
      }
    },

    async writeTag(repository, tag, to, { expected, signal } = {}) {
      const write = async (condition: WriteCondition | undefined): Promise<TagState> => {
        const record = { version: 1, digest: to, movedAt: clock().toISOString() };
        const { etag } = await writeRecord(objects, tagKey(repository, tag), record, { condition, signal });
        return { tag, digest: to, movedAt: record.movedAt, etag };
      };
      if (expected !== 'absent') return write(expected);
      const before = await readStored(repository, tag, signal);
      if (!before || !('removed' in before.record)) return write('absent');
      return write({ etag: before.info.etag }).catch((error: unknown) => {
        // It is no tag yet where the collector was faster.
        if (error instanceof DynDataError && error.code === 'CONFLICT') return write('absent');
        throw error;
      });
    },

    async removeTag(repository, tag, { expected, signal } = {}) {
      if (!expected) return objects.remove(tagKey(repository, tag), signal);
      const removed: z.infer<typeof removedSchema> = { version: 1, removed: true };
      await writeRecord(objects, tagKey(repository, tag), removed, { condition: { etag: expected.etag }, signal });
    },
  };
}

/** Whether the key of a tag holds only that it was removed. */
export async function isRemovedTag(objects: ObjectStore, key: string, signal?: AbortSignal): Promise<boolean> {
  const found = await readRecord(objects, key, storedSchema, signal).catch((error: unknown) => {
    // What is damaged is for people to look at.
    if (error instanceof DynDataError && error.code === 'DIGEST_MISMATCH') return undefined;
    throw error;
  });
  return found !== undefined && 'removed' in found.record;
}
