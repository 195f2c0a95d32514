import * as z from 'zod/mini';
import { type Catalog, type Digest, DynDataError, digestOf, digestPattern, type ObjectStore, snapshotRecordSchema } from '../core/index.ts';
import { damagedRecord, readRecord, writeOnce, writeRecord } from './json-objects.ts';
import { mapAhead } from './read-ahead.ts';

const digest = z.string().check(z.regex(digestPattern)) as unknown as z.ZodMiniType<Digest>;
const tagSchema = z.strictObject({ version: z.literal(1), digest, movedAt: z.string() });
/** `content` is the manifest's text; its bytes are what the digest is of. */
const manifestSchema = z.strictObject({ version: z.literal(1), mediaType: z.string(), content: z.string() });

/** Records of a list that are read at the same time. */
const recordsAhead = 8;

/**
 * `@` ends the repository in a key: no part of a repository's name is `@`, so the keys of `a` and of `a/b` never meet, and neither do
 * a repository's name and what lies in it.
 */
const inRepository = (kind: 'manifests' | 'tags' | 'snapshots', repository: string): string => `${kind}/${repository}/@/`;

/** The catalog over any object store: `manifests/<repository>/@/<digest>`, `tags/<repository>/@/<tag>`, `snapshots/<repository>/@/<digest>`. */
export function createCatalog(objects: ObjectStore, options: { readonly clock: () => Date }): Catalog {
  const manifestKey = (repository: string, of: Digest): string => `${inRepository('manifests', repository)}${of}`;
  const tagKey = (repository: string, tag: string): string => `${inRepository('tags', repository)}${tag}`;
  const snapshotKey = (repository: string, of: Digest): string => `${inRepository('snapshots', repository)}${of}`;

  /** The records below a prefix in ascending order; one that is removed while the list is read is left out. */
  async function* records<T>(
    prefix: string,
    schema: z.ZodMiniType<T>,
    { after, signal }: { readonly after?: string; readonly signal?: AbortSignal },
  ): AsyncGenerator<{ name: string; record: T }> {
    const keys = objects.list(prefix, { ...(after !== undefined && { after: `${prefix}${after}` }), ...(signal && { signal }) });
    for await (const found of mapAhead(keys, recordsAhead, async ({ key }) => ({
      key,
      read: await readRecord(objects, key, schema, signal),
    }))) {
      if (found.read) yield { name: found.key.slice(prefix.length), record: found.read.record };
    }
  }

  const catalog: Catalog = {
    async manifest(repository, of, signal) {
      const key = manifestKey(repository, of);
      const found = await readRecord(objects, key, manifestSchema, signal);
      if (!found) return undefined;
      const bytes = new TextEncoder().encode(found.record.content);
      if (digestOf(bytes) !== of) throw damagedRecord(key);
      return { digest: of, mediaType: found.record.mediaType, bytes };
    },

    async putManifest(repository, manifest, signal) {
      const content = new TextDecoder('utf-8', { ignoreBOM: true }).decode(manifest.bytes);
      // Also refuses bytes that are no UTF-8, which the text would not give back.
      if (digestOf(content) !== manifest.digest) {
        throw new DynDataError('DIGEST_MISMATCH', `The manifest is not what its digest ${manifest.digest} says. Send it again.`);
      }
      const record = { version: 1, mediaType: manifest.mediaType, content };
      await writeOnce(writeRecord(objects, manifestKey(repository, manifest.digest), record, { condition: 'absent', signal }));
    },

    async removeManifest(repository, of, signal) {
      if (!(await objects.stat(manifestKey(repository, of), signal))) return false;
      // The manifest goes last: until then a removal that was cut can be asked for again.
      for await (const { tag, digest: named } of catalog.tags(repository, signal && { signal })) {
        if (named === of) await objects.remove(tagKey(repository, tag), signal);
      }
      await objects.remove(snapshotKey(repository, of), signal);
      await objects.remove(manifestKey(repository, of), signal);
      return true;
    },

    async tag(repository, tag, signal) {
      const found = await readRecord(objects, tagKey(repository, tag), tagSchema, signal);
      return found && { tag, digest: found.record.digest, movedAt: found.record.movedAt, etag: found.info.etag };
    },

    async *tags(repository, listing = {}) {
      for await (const { name, record } of records(inRepository('tags', repository), tagSchema, listing)) {
        yield { tag: name, digest: record.digest, movedAt: record.movedAt };
      }
    },

    async moveTag(repository, tag, to, { expected, signal } = {}) {
      if (!(await objects.stat(manifestKey(repository, to), signal))) {
        throw new DynDataError('SNAPSHOT_UNKNOWN', `The repository "${repository}" has no snapshot ${to}, so "${tag}" cannot name it.`);
      }
      const record = { version: 1, digest: to, movedAt: options.clock().toISOString() };
      const { etag } = await writeRecord(objects, tagKey(repository, tag), record, { condition: expected, signal });
      return { tag, digest: to, movedAt: record.movedAt, etag };
    },

    async removeTag(repository, tag, signal) {
      await objects.remove(tagKey(repository, tag), signal);
    },

    async *repositories(signal) {
      const names = new Set<string>();
      const next = async (after: string | undefined): Promise<string | undefined> => {
        for await (const { key } of objects.list('manifests/', { ...(after && { after }), ...(signal && { signal }) })) return key;
        return undefined;
      };
      for (let key = await next(undefined); key !== undefined; ) {
        const name = key.slice('manifests/'.length, key.lastIndexOf('/@/'));
        names.add(name);
        // `~` is behind everything a key may hold: on to the next repository without reading the rest of this one.
        key = await next(`${inRepository('manifests', name)}~`);
      }
      // Keys order by `/` and `@` too, names do not.
      yield* [...names].sort();
    },

    async snapshot(repository, of, signal) {
      return (await readRecord(objects, snapshotKey(repository, of), snapshotRecordSchema, signal))?.record;
    },

    async *snapshots(repository, listing = {}) {
      for await (const { record } of records(inRepository('snapshots', repository), snapshotRecordSchema, listing)) yield record;
    },

    async putSnapshot(record, signal) {
      if (!(await objects.stat(manifestKey(record.repository, record.digest), signal))) {
        throw new DynDataError('SNAPSHOT_UNKNOWN', `The manifest ${record.digest} is not stored in "${record.repository}" yet.`);
      }
      await writeRecord(objects, snapshotKey(record.repository, record.digest), record, { signal });
    },
  };
  return catalog;
}
