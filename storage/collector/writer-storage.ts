import {
  type BlobStore,
  type Catalog,
  type ChunkIndex,
  type Digest,
  DynDataError,
  imageManifestSchema,
  type ObjectStore,
  parseValue,
  type StoredManifest,
  verified,
} from '../../core/index.ts';
import { type CompositionGuard, createBlobStore } from '../blob-store.ts';
import { onePiece } from '../byte-streams.ts';
import { blobKey, layerKey, manifestKey, snapshotKey } from '../keys.ts';
import { mapAhead } from '../read-ahead.ts';
import { type Candidates, readCandidates } from './candidates.ts';
import { firstMissing } from './missing.ts';
import type { SweepLog, SweepPosition } from './sweep-log.ts';

/** Links that are looked at at the same time. */
const looksAtOnce = 8;

/** Removes a manifest where that is already told in the log. */
type Unguarded = Pick<Catalog, 'removeManifest'>;

export type WriterPorts = { readonly blobs: BlobStore; readonly index: ChunkIndex; readonly catalog: Catalog };

/**
 * The storage for one writer (a build, a push) that relies on what he finds stored: safe against collectors at work. To be opened when he
 * begins and used for nothing else.
 *
 * What he finds among the candidates for removal is written again, which makes it young: a chunk is compressed anew, a layer's record copied. So
 * a collector that keeps its grace takes nothing from him. Where he works longer than the grace, publishing tells: a manifest that is
 * put is looked at against the log of sweeps (sweep-log.ts), and where anything was removed since he began, everything that the manifest
 * reaches is asked for once more. What is missing takes the manifest back with it and fails with CONFLICT; started again, he makes it anew.
 */
export async function openWriterStorage(
  objects: ObjectStore,
  { index, catalog, unguarded }: Pick<WriterPorts, 'index' | 'catalog'> & { readonly unguarded: Unguarded },
  log: SweepLog,
  signal?: AbortSignal,
): Promise<WriterPorts> {
  const begun = await log.position(signal);
  const candidates = await readCandidates(objects, signal);
  const confirm = async (digests: readonly Digest[], confirming?: AbortSignal): Promise<void> => {
    if (await log.isUnchangedSince(begun, confirming)) return;
    await log.settled(confirming);
    const missing = await firstMissing(objects, digests, confirming);
    if (missing !== undefined) throw removedMeanwhile(missing);
  };
  return {
    index: renewingIndex(index, candidates),
    blobs: renewingBlobs(objects, candidates, confirm),
    catalog: confirmingCatalog({ objects, catalog, unguarded, log, begun, confirm }),
  };
}

/** Does not find what must be written again: the builder then brings its bytes. */
function renewingIndex(index: ChunkIndex, candidates: Candidates | undefined): ChunkIndex {
  if (!candidates) return index;
  const renewed = new Set<Digest>();
  return {
    async find(canonical, signal) {
      const found = await index.find(canonical, signal);
      return found && candidates.has(blobKey(found.digest)) && !renewed.has(canonical) ? undefined : found;
    },
    async remember(canonical, stored, signal) {
      await index.remember(canonical, stored, signal);
      renewed.add(canonical);
    },
  };
}

function renewingBlobs(objects: ObjectStore, candidates: Candidates | undefined, confirm: CompositionGuard['confirm']): BlobStore {
  const renewed = new Set<string>();
  const isToRenew = (key: string): boolean => candidates?.has(key) === true && !renewed.has(key);
  const blobs = createBlobStore(objects, { guard: { isToRenew, confirm } });
  return {
    ...blobs,
    async write(blob, bytes, signal) {
      const key = blobKey(blob.digest);
      if (!isToRenew(key) && !isToRenew(layerKey(blob.digest))) return blobs.write(blob, bytes, signal);
      const pieces = bytes instanceof Uint8Array ? onePiece(bytes) : bytes;
      const checked = verified(pieces, { ...blob, what: `The blob ${blob.digest}` });
      await objects.write(key, checked, { sizeBytes: blob.sizeBytes, ...(signal && { signal }) });
      renewed.add(key).add(layerKey(blob.digest));
    },
  };
}

type Confirming = {
  readonly objects: ObjectStore;
  readonly catalog: Catalog;
  readonly unguarded: Unguarded;
  readonly log: SweepLog;
  readonly begun: SweepPosition;
  readonly confirm: CompositionGuard['confirm'];
};

function confirmingCatalog({ objects, catalog, unguarded, log, begun, confirm }: Confirming): Catalog {
  /** Somebody else may have made or pushed the same snapshot meanwhile, of pieces that are there. */
  const takeBack = async (repository: string, manifest: StoredManifest): Promise<void> => {
    const sweep = await log.open([manifestKey(repository, manifest.digest)]);
    const isOthers = async (): Promise<boolean> =>
      (await catalog.snapshot(repository, manifest.digest)) !== undefined ||
      (await firstMissing(objects, digestsOf(manifest))) === undefined;
    if (!(await isOthers())) await unguarded.removeManifest(repository, manifest.digest);
    await sweep.close();
  };
  /** A sweep that did not see the manifest may have taken a link that was there when it was put. */
  const keepLinks = async (repository: string, manifest: StoredManifest, signal?: AbortSignal): Promise<void> => {
    if (await log.isUnchangedSince(begun, signal)) return;
    const blobs = blobsOf(manifest).map(({ digest, size }) => ({ digest, sizeBytes: size }));
    const keep = (blob: (typeof blobs)[number]) => catalog.putLink(repository, { digest: blob.digest, blob }, signal);
    for await (const kept of mapAhead(blobs, looksAtOnce, keep)) void kept;
  };
  return {
    ...catalog,
    async putManifest(repository, manifest, signal) {
      const isThere = (await catalog.manifest(repository, manifest.digest, signal)) !== undefined;
      await catalog.putManifest(repository, manifest, signal);
      await confirm(digestsOf(manifest), signal).catch(async (error: unknown) => {
        // One that was there before is not ours to take away.
        if (!isThere) await takeBack(repository, manifest);
        throw error;
      });
      await keepLinks(repository, manifest, signal);
    },
    async putSnapshot(record, signal) {
      await catalog.putSnapshot(record, signal);
      if (await log.isUnchangedSince(begun, signal)) return;
      await log.settled(signal);
      if (await catalog.manifest(record.repository, record.digest, signal)) return;
      await objects.remove(snapshotKey(record.repository, record.digest));
      throw removedMeanwhile(record.digest);
    },
  };
}

function digestsOf(manifest: StoredManifest): Digest[] {
  return blobsOf(manifest).map(({ digest }) => digest);
}

function blobsOf({ bytes }: StoredManifest) {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const { config, layers } = parseValue(imageManifestSchema, value, 'The image manifest', 'MANIFEST_INVALID');
  return [config, ...layers];
}

function removedMeanwhile(digest: Digest): DynDataError {
  return new DynDataError(
    'CONFLICT',
    `${digest} was removed from the storage while it was relied on: this took longer than the collector's grace. Start it again; nothing of it is visible.`,
  );
}
