import * as z from 'zod/mini';
import type { BlobLink, Catalog, ObjectStore } from '../core/index.ts';
import { blobInfoSchema } from './composition.ts';
import { readRecord, writeOnce, writeRecord } from './json-objects.ts';
import { inRepository, linkKey } from './keys.ts';
import { recordsBelow } from './repository-records.ts';

const linkSchema = z.strictObject({ version: z.literal(1), blob: blobInfoSchema, linkedAt: z.string() });

/** `links/<repository>/@/<digest>`: which blobs a repository gives out, whoever else's they are. */
export function createBlobLinks(objects: ObjectStore, clock: () => Date): Pick<Catalog, 'link' | 'links' | 'putLink' | 'removeLink'> {
  return {
    async link(repository, digest, signal) {
      const found = await readRecord(objects, linkKey(repository, digest), linkSchema, signal);
      return found && { digest, blob: found.record.blob, linkedAt: found.record.linkedAt };
    },

    async *links(repository, listing = {}) {
      for await (const { name, record } of recordsBelow(objects, inRepository('links', repository), linkSchema, listing)) {
        yield { digest: name as BlobLink['digest'], blob: record.blob, linkedAt: record.linkedAt };
      }
    },

    async putLink(repository, { digest, blob }, signal) {
      const key = linkKey(repository, digest);
      // Most of what a snapshot names was linked for the one before: asking costs less than a write that is in vain.
      if (await objects.stat(key, signal)) return;
      const { digest: stored, sizeBytes } = blob;
      const record = { version: 1, blob: { digest: stored, sizeBytes }, linkedAt: clock().toISOString() };
      await writeOnce(writeRecord(objects, key, record, { condition: 'absent', signal }));
    },

    async removeLink(repository, digest, signal) {
      await objects.remove(linkKey(repository, digest), signal);
    },
  };
}
