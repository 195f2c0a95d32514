import * as z from 'zod/mini';
import { type Catalog, contentDigestSchema, DynDataError, type ObjectStore, snapshotRecordSchema } from '../core/index.ts';
import { createBlobLinks } from './blob-links.ts';
import { readRecord, writeRecord } from './json-objects.ts';
import { inRepository, snapshotKey } from './keys.ts';
import { createManifests } from './manifests.ts';
import { hasRecords, recordsBelow, repositoriesWith } from './repository-records.ts';
import { conflict } from './storage-errors.ts';

const tagSchema = z.strictObject({ version: z.literal(1), digest: contentDigestSchema, movedAt: z.string() });

/**
 * The catalog over any object store: `manifests/<repository>/@/<digest>`, `tags/<repository>/@/<tag>`, `links/<repository>/@/<digest>`,
 * `referrers/<repository>/@/<digest of the subject>/<digest>`, `snapshots/<repository>/@/<digest>`.
 */
export function createCatalog(objects: ObjectStore, options: { readonly clock: () => Date }): Catalog {
  const links = createBlobLinks(objects, options.clock);
  const { has: hasManifest, remove: removeManifest, ...manifests } = createManifests(objects, links.putLink);
  const tagKey = (repository: string, tag: string): string => `${inRepository('tags', repository)}${tag}`;

  const catalog: Catalog = {
    ...links,
    ...manifests,

    async removeManifest(repository, digest, signal) {
      if (!(await hasManifest(repository, digest, signal))) return false;
      // The manifest goes last: until then a removal that was cut can be asked for again.
      for await (const { tag, digest: of } of catalog.tags(repository, signal && { signal })) {
        if (of === digest) await objects.remove(tagKey(repository, tag), signal);
      }
      await objects.remove(snapshotKey(repository, digest), signal);
      await removeManifest(repository, digest, signal);
      return true;
    },

    async tag(repository, tag, signal) {
      const found = await readRecord(objects, tagKey(repository, tag), tagSchema, signal);
      return found && { tag, digest: found.record.digest, movedAt: found.record.movedAt, etag: found.info.etag };
    },

    async *tags(repository, listing = {}) {
      for await (const { name, record } of recordsBelow(objects, inRepository('tags', repository), tagSchema, listing)) {
        yield { tag: name, digest: record.digest, movedAt: record.movedAt };
      }
    },

    async moveTag(repository, tag, to, { expected, signal } = {}) {
      if (!(await hasManifest(repository, to, signal))) {
        throw new DynDataError('SNAPSHOT_UNKNOWN', `The repository "${repository}" has no snapshot ${to}, so "${tag}" cannot name it.`);
      }
      const record = { version: 1, digest: to, movedAt: options.clock().toISOString() };
      const { etag } = await writeRecord(objects, tagKey(repository, tag), record, { condition: expected, signal });
      return { tag, digest: to, movedAt: record.movedAt, etag };
    },

    async removeTag(repository, tag, { expected, signal } = {}) {
      const isOther = expected !== undefined && (await objects.stat(tagKey(repository, tag), signal))?.etag !== expected.etag;
      if (isOther) throw conflict(tagKey(repository, tag));
      await objects.remove(tagKey(repository, tag), signal);
    },

    async *repositories(signal) {
      yield* await repositoriesWith(objects, ['manifests', 'links'], signal);
    },

    async hasRepository(repository, signal) {
      return (await hasRecords(objects, 'manifests', repository, signal)) || hasRecords(objects, 'links', repository, signal);
    },

    async snapshot(repository, of, signal) {
      return (await readRecord(objects, snapshotKey(repository, of), snapshotRecordSchema, signal))?.record;
    },

    async *snapshots(repository, listing = {}) {
      for await (const { record } of recordsBelow(objects, inRepository('snapshots', repository), snapshotRecordSchema, listing))
        yield record;
    },

    async putSnapshot(record, signal) {
      if (!(await hasManifest(record.repository, record.digest, signal))) {
        throw new DynDataError('SNAPSHOT_UNKNOWN', `The manifest ${record.digest} is not stored in "${record.repository}" yet.`);
      }
      await writeRecord(objects, snapshotKey(record.repository, record.digest), record, { signal });
    },
  };
  return catalog;
}
