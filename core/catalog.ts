import * as z from 'zod/mini';
import { type Digest, digestPattern } from './digest.ts';
import { provenanceSchema } from './manifest.ts';

const digest = z.string().check(z.regex(digestPattern)) as unknown as z.ZodMiniType<Digest>;

/** One snapshot as the catalog knows it, found by the digest of its data image. */
export const snapshotRecordSchema = z.strictObject({
  version: z.literal(1),
  repository: z.string(),
  digest,
  environment: z.string(),
  manifestDigest: digest,
  /** Bytes of all layers and the config, as `docker pull` transfers them at most. */
  sizeBytes: z.int(),
  rows: z.int(),
  sources: z.array(z.strictObject({ name: z.string(), kind: z.string(), tables: z.int(), rows: z.int(), consistent: z.boolean() })),
  /** Of the latest build that gave this digest. */
  provenance: provenanceSchema,
});
export type SnapshotRecord = z.infer<typeof snapshotRecordSchema>;

export type StoredManifest = { readonly digest: Digest; readonly mediaType: string; readonly bytes: Uint8Array };
export type TagRecord = { readonly tag: string; readonly digest: Digest; readonly movedAt: string };
/** `etag` for a conditional move. */
export type TagState = TagRecord & { readonly etag: string };

/**
 * What exists and what it is called. Contract (test/contracts/catalog.ts): manifests are immutable; a tag points only to a stored
 * manifest; moving a tag is atomic and, given `expected`, fails with CONFLICT when somebody else moved it; lists are in ascending order.
 * @throws DynDataError as the object store does, and SNAPSHOT_UNKNOWN, CONFLICT.
 */
export type CatalogReader = {
  manifest(repository: string, digest: Digest, signal?: AbortSignal): Promise<StoredManifest | undefined>;
  tag(repository: string, tag: string, signal?: AbortSignal): Promise<TagState | undefined>;
  tags(repository: string, options?: { readonly after?: string; readonly signal?: AbortSignal }): AsyncIterable<TagRecord>;
  repositories(signal?: AbortSignal): AsyncIterable<string>;
  snapshot(repository: string, digest: Digest, signal?: AbortSignal): Promise<SnapshotRecord | undefined>;
  snapshots(repository: string, options?: { readonly after?: string; readonly signal?: AbortSignal }): AsyncIterable<SnapshotRecord>;
};

export type CatalogWriter = {
  /** The blobs it names must be stored before. */
  putManifest(repository: string, manifest: StoredManifest, signal?: AbortSignal): Promise<void>;
  /**
   * Removes the manifest with the tags that point to it and its snapshot's record. Blobs stay. False where it was not there.
   */
  removeManifest(repository: string, digest: Digest, signal?: AbortSignal): Promise<boolean>;
  /** Its manifest must be stored before; a later record of the same digest replaces the earlier one. */
  putSnapshot(record: SnapshotRecord, signal?: AbortSignal): Promise<void>;
  /** @throws SNAPSHOT_UNKNOWN where the manifest is not stored; CONFLICT where `expected` does not hold. */
  moveTag(
    repository: string,
    tag: string,
    digest: Digest,
    options?: { readonly expected?: 'absent' | { readonly etag: string }; readonly signal?: AbortSignal },
  ): Promise<TagState>;
  /** Does nothing where the tag does not exist; never deletes a manifest. */
  removeTag(repository: string, tag: string, signal?: AbortSignal): Promise<void>;
};

export type Catalog = CatalogReader & CatalogWriter;
