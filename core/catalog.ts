import * as z from 'zod/mini';
import type { BlobInfo } from './blob-store.ts';
import type { ContentDigest } from './content-digest.ts';
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

/** Manifests of our own making are named by SHA-256, pushed ones by whatever the specification allows. */
export type StoredManifest<D extends ContentDigest = Digest> = {
  readonly digest: D;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
};
export type TagRecord = { readonly tag: string; readonly digest: ContentDigest; readonly movedAt: string };
/** `etag` for a conditional move. */
export type TagState = TagRecord & { readonly etag: string };

/** A blob that a repository gives out as `digest`, which may be by another algorithm than the stored blob's. */
export type BlobLink = { readonly digest: ContentDigest; readonly blob: BlobInfo; readonly linkedAt: string };

/** A manifest that names another one as its subject, as a descriptor of the list of that one's referrers. */
export type Referrer = {
  readonly mediaType: string;
  readonly digest: ContentDigest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
};

type Listing = { readonly after?: string; readonly signal?: AbortSignal };

/**
 * What exists and what it is called. Contract (test/contracts/catalog.ts): manifests are immutable; a tag points only to a stored
 * manifest; moving and removing a tag is atomic and, given `expected`, fails with CONFLICT when somebody else moved it; lists are in ascending order;
 * a repository has the blobs that are linked to it and no others, whatever else is stored.
 * @throws DynDataError as the object store does, and SNAPSHOT_UNKNOWN, CONFLICT, MANIFEST_INVALID.
 */
export type CatalogReader = {
  manifest(repository: string, digest: ContentDigest, signal?: AbortSignal): Promise<StoredManifest<ContentDigest> | undefined>;
  manifests(repository: string, options?: Listing): AsyncIterable<StoredManifest<ContentDigest>>;
  tag(repository: string, tag: string, signal?: AbortSignal): Promise<TagState | undefined>;
  tags(repository: string, options?: Listing): AsyncIterable<TagRecord>;
  /** Those that have a manifest or a link. */
  repositories(signal?: AbortSignal): AsyncIterable<string>;
  hasRepository(repository: string, signal?: AbortSignal): Promise<boolean>;
  link(repository: string, digest: ContentDigest, signal?: AbortSignal): Promise<BlobLink | undefined>;
  links(repository: string, options?: Listing): AsyncIterable<BlobLink>;
  /** Manifests of the repository that name `subject`, which itself need not be stored; after a digest. */
  referrers(repository: string, subject: ContentDigest, options?: Listing): AsyncIterable<Referrer>;
  snapshot(repository: string, digest: ContentDigest, signal?: AbortSignal): Promise<SnapshotRecord | undefined>;
  snapshots(repository: string, options?: Listing): AsyncIterable<SnapshotRecord>;
};

export type CatalogWriter = {
  /** The blobs that it names must be stored before; they are linked to the repository. For manifests of our own making. */
  putManifest(repository: string, manifest: StoredManifest, signal?: AbortSignal): Promise<void>;
  /** Links nothing: one who pushes a manifest must not get at a blob by naming it. */
  putPushedManifest(repository: string, manifest: StoredManifest<ContentDigest>, signal?: AbortSignal): Promise<void>;
  /**
   * Removes the manifest with the tags that point to it, never one that is moved away from it meanwhile, its place among the referrers of its subject and its snapshot's record. Blobs
   * and links stay. False where it was not there.
   */
  removeManifest(repository: string, digest: ContentDigest, signal?: AbortSignal): Promise<boolean>;
  /** The blob must be stored before. An existing link stays as it is. */
  putLink(repository: string, link: Omit<BlobLink, 'linkedAt'>, signal?: AbortSignal): Promise<void>;
  /** The blob itself stays. */
  removeLink(repository: string, digest: ContentDigest, signal?: AbortSignal): Promise<void>;
  /** Its manifest must be stored before; a later record of the same digest replaces the earlier one. */
  putSnapshot(record: SnapshotRecord, signal?: AbortSignal): Promise<void>;
  /** @throws SNAPSHOT_UNKNOWN where the manifest is not stored; CONFLICT where `expected` does not hold. */
  moveTag(
    repository: string,
    tag: string,
    digest: ContentDigest,
    options?: { readonly expected?: 'absent' | { readonly etag: string }; readonly signal?: AbortSignal },
  ): Promise<TagState>;
  /**
   * Does nothing where the tag does not exist; never deletes a manifest. Atomic, as moving is.
   * @throws CONFLICT where `expected` does not hold.
   */
  removeTag(
    repository: string,
    tag: string,
    options?: { readonly expected?: { readonly etag: string }; readonly signal?: AbortSignal },
  ): Promise<void>;
};

export type Catalog = CatalogReader & CatalogWriter;
