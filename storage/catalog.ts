import { type Catalog, type ContentDigest, DynDataError, type ObjectStore, snapshotRecordSchema } from '../core/index.ts';
import { createBlobLinks } from './blob-links.ts';
import { readRecord, writeRecord } from './json-objects.ts';
import { inRepository, snapshotKey } from './keys.ts';
import { createManifests } from './manifests.ts';
import { hasRecords, recordsBelow, repositoriesWith } from './repository-records.ts';
import { createTags } from './tags.ts';

/**
 * The catalog over any object store: `manifests/<repository>/@/<digest>`, `tags/<repository>/@/<tag>`, `links/<repository>/@/<digest>`,
 * `referrers/<repository>/@/<digest of the subject>/<digest>`, `snapshots/<repository>/@/<digest>`.
 */
export function createCatalog(objects: ObjectStore, options: { readonly clock: () => Date }): Catalog {
  const links = createBlobLinks(objects, options.clock);
  const { has: hasManifest, remove: removeManifest, ...manifests } = createManifests(objects, links.putLink);
  const { writeTag, ...tags } = createTags(objects, options.clock);

  /** Only while it names the manifest: one that somebody moves away at this moment is his. */
  const removeTagOf = async (repository: string, tag: string, digest: ContentDigest, signal?: AbortSignal): Promise<void> => {
    for (;;) {
      const now = await tags.tag(repository, tag, signal);
      if (now?.digest !== digest) return;
      const isRemoved = await tags.removeTag(repository, tag, { expected: now, ...(signal && { signal }) }).then(
        () => true,
        (error: unknown) => {
          if (error instanceof DynDataError && error.code === 'CONFLICT') return false;
          throw error;
        },
      );
      if (isRemoved) return;
    }
  };

  const catalog: Catalog = {
    ...links,
    ...manifests,
    ...tags,

    async removeManifest(repository, digest, signal) {
      if (!(await hasManifest(repository, digest, signal))) return false;
      // The manifest goes last: until then a removal that was cut can be asked for again.
      for await (const { tag, digest: of } of catalog.tags(repository, signal && { signal })) {
        if (of === digest) await removeTagOf(repository, tag, digest, signal);
      }
      await objects.remove(snapshotKey(repository, digest), signal);
      await removeManifest(repository, digest, signal);
      return true;
    },

    async moveTag(repository, tag, to, moving = {}) {
      if (!(await hasManifest(repository, to, moving.signal))) {
        throw new DynDataError('SNAPSHOT_UNKNOWN', `The repository "${repository}" has no snapshot ${to}, so "${tag}" cannot name it.`);
      }
      return writeTag(repository, tag, to, moving);
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
