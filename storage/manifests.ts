import * as z from 'zod/mini';
import {
  type Catalog,
  type CatalogWriter,
  type ContentDigest,
  contentDigestOf,
  contentDigestSchema,
  DynDataError,
  isDigest,
  type ObjectStore,
  type OciManifest,
  type Referrer,
  readOciManifest,
  type StoredManifest,
} from '../core/index.ts';
import { damagedRecord, readRecord, writeOnce, writeRecord } from './json-objects.ts';
import { inRepository, manifestKey } from './keys.ts';
import { mapAhead } from './read-ahead.ts';
import { recordsBelow } from './repository-records.ts';

/** `content` is the manifest's text; its bytes are what the digest is of. */
const manifestSchema = z.strictObject({ version: z.literal(1), mediaType: z.string(), content: z.string() });

const referrerSchema = z.strictObject({
  version: z.literal(1),
  descriptor: z.strictObject({
    mediaType: z.string(),
    digest: contentDigestSchema,
    size: z.int(),
    artifactType: z.optional(z.string()),
    annotations: z.optional(z.record(z.string(), z.string())),
  }),
});

/** Links that are written at the same time. */
const linksAhead = 8;

type Manifests = Pick<Catalog, 'manifest' | 'manifests' | 'putManifest' | 'putPushedManifest' | 'referrers'> & {
  has(repository: string, digest: ContentDigest, signal?: AbortSignal): Promise<boolean>;
  /** The manifest and its place among its subject's referrers, and nothing else of it. */
  remove(repository: string, digest: ContentDigest, signal?: AbortSignal): Promise<void>;
};

/** `manifests/<repository>/@/<digest>`, and `referrers/<repository>/@/<digest of the subject>/<digest>` for those that name a subject. */
export function createManifests(objects: ObjectStore, putLink: CatalogWriter['putLink']): Manifests {
  const referrersOf = (repository: string, subject: ContentDigest): string => `${inRepository('referrers', repository)}${subject}/`;

  const storedManifest = (key: string, digest: ContentDigest, record: z.infer<typeof manifestSchema>): StoredManifest<ContentDigest> => {
    const bytes = new TextEncoder().encode(record.content);
    if (contentDigestOf(bytes, digest) !== digest) throw damagedRecord(key);
    return { digest, mediaType: record.mediaType, bytes };
  };

  /** The referrer comes last and also where the manifest was there before: one who sends the manifest again mends what a crash left out. */
  const write = async (
    repository: string,
    manifest: StoredManifest<ContentDigest>,
    read: OciManifest,
    signal?: AbortSignal,
  ): Promise<void> => {
    const { digest, mediaType } = manifest;
    const record = { version: 1, mediaType, content: textOf(manifest) };
    await writeOnce(writeRecord(objects, manifestKey(repository, digest), record, { condition: 'absent', signal }));
    if (read.subject === undefined) return;
    const key = `${referrersOf(repository, read.subject)}${digest}`;
    const referrer = { version: 1, descriptor: referrerOf(manifest, read) };
    await writeOnce(writeRecord(objects, key, referrer, { condition: 'absent', signal }));
  };

  return {
    async has(repository, digest, signal) {
      return (await objects.stat(manifestKey(repository, digest), signal)) !== undefined;
    },

    async manifest(repository, digest, signal) {
      const key = manifestKey(repository, digest);
      const found = await readRecord(objects, key, manifestSchema, signal);
      return found && storedManifest(key, digest, found.record);
    },

    async *manifests(repository, listing = {}) {
      const prefix = inRepository('manifests', repository);
      for await (const { name, record } of recordsBelow(objects, prefix, manifestSchema, listing)) {
        yield storedManifest(`${prefix}${name}`, name as ContentDigest, record);
      }
    },

    async putManifest(repository, manifest, signal) {
      textOf(manifest);
      const read = readOciManifest(manifest.bytes);
      const link = async ({ digest, size }: OciManifest['blobs'][number]): Promise<void> => {
        if (isDigest(digest)) await putLink(repository, { digest, blob: { digest, sizeBytes: size } }, signal);
      };
      for await (const linked of mapAhead(read.blobs, linksAhead, link)) void linked;
      await write(repository, manifest, read, signal);
    },

    async putPushedManifest(repository, manifest, signal) {
      textOf(manifest);
      await write(repository, manifest, readOciManifest(manifest.bytes), signal);
    },

    async *referrers(repository, subject, listing = {}) {
      const prefix = referrersOf(repository, subject);
      for await (const { record } of recordsBelow(objects, prefix, referrerSchema, listing)) yield record.descriptor as Referrer;
    },

    async remove(repository, digest, signal) {
      const key = manifestKey(repository, digest);
      const found = await readRecord(objects, key, manifestSchema, signal).catch(ignoreDamage);
      const subject = found && subjectOf(found.record.content);
      if (subject !== undefined) await objects.remove(`${referrersOf(repository, subject)}${digest}`, signal);
      await objects.remove(key, signal);
    },
  };
}

/** @throws DIGEST_MISMATCH also for bytes that are no UTF-8, which the text would not give back. */
function textOf({ bytes, digest }: StoredManifest<ContentDigest>): string {
  const content = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  if (contentDigestOf(new TextEncoder().encode(content), digest) === digest) return content;
  throw new DynDataError('DIGEST_MISMATCH', `The manifest is not what its digest ${digest} says. Send it again.`);
}

function referrerOf({ digest, mediaType, bytes }: StoredManifest<ContentDigest>, read: OciManifest): Referrer {
  const artifactType = read.artifactType ?? read.config?.mediaType;
  return {
    mediaType,
    digest,
    size: bytes.byteLength,
    ...(artifactType ? { artifactType } : {}),
    ...(read.annotations ? { annotations: { ...read.annotations } } : {}),
  };
}

/** What is damaged can still be removed. */
function ignoreDamage(error: unknown): undefined {
  if (error instanceof DynDataError && error.code === 'DIGEST_MISMATCH') return undefined;
  throw error;
}

function subjectOf(content: string): ContentDigest | undefined {
  try {
    return readOciManifest(new TextEncoder().encode(content)).subject;
  } catch (error) {
    if (error instanceof DynDataError && error.code === 'MANIFEST_INVALID') return undefined;
    throw error;
  }
}
