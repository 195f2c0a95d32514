import {
  type BlobInfo,
  type BlobStore,
  createDigester,
  type Digest,
  DynDataError,
  type ObjectStore,
  type Segment,
  verified,
} from '../core/index.ts';
import { onePiece } from './byte-streams.ts';
import type { CheckedBlobs } from './checked-blobs.ts';
import { blobInfoSchema, compositionDigest, compositionOf, compositionSchema, type Slice, segmentsOf, slicesOf } from './composition.ts';
import { damagedRecord, readRecord, writeOnce, writeRecord } from './json-objects.ts';
import { blobKey, layerKey, recipeKey } from './keys.ts';
import { mapAhead } from './read-ahead.ts';

/** Segments of a composed blob that are open at the same time, so that a distant store's answering time is paid once and not for each. */
const segmentsAhead = 4;

type ReadOptions = NonNullable<Parameters<BlobStore['read']>[1]>;
/** `etag`: of a blob that is stored whole. */
type Opened = { readonly info: BlobInfo; readonly etag?: string; readonly bytes: AsyncIterable<Uint8Array> };

export type BlobStoreOptions = {
  readonly guard?: CompositionGuard;
  /** What was found good lately is read without hashing it again; left out, all is hashed at each reading. */
  readonly checked?: CheckedBlobs;
};

/** What keeps a writer's compositions safe from a collector at work (storage/collector/writer-storage.ts). */
export type CompositionGuard = {
  /** A layer that is as good as gone: it is to be made again. */
  readonly isToRenew: (layerKey: string) => boolean;
  /** Called when a layer is stored and before anybody can find it by its recipe. @throws CONFLICT where one of its pieces is gone. */
  readonly confirm: (pieces: readonly Digest[], signal?: AbortSignal) => Promise<void>;
};

/**
 * Blobs over any object store: `blobs/sha256/<hex>` holds bytes, `layers/sha256/<hex>` what a composed blob is made of, and
 * `recipes/sha256/<hex of a composition>` the blob that it gives.
 */
export function createBlobStore(objects: ObjectStore, { guard, checked }: BlobStoreOptions = {}): BlobStore {
  const layer = async (digest: Digest, signal?: AbortSignal): Promise<{ sizeBytes: number; segments: Segment[] } | undefined> => {
    const found = await readRecord(objects, layerKey(digest), compositionSchema, signal);
    if (!found) return undefined;
    const segments = segmentsOf(found.record);
    if (!segments) throw damagedRecord(layerKey(digest));
    return { sizeBytes: found.record.sizeBytes, segments };
  };

  const stat = async (digest: Digest, signal?: AbortSignal): Promise<BlobInfo | undefined> => {
    const found = (await objects.stat(blobKey(digest), signal)) ?? (await layer(digest, signal));
    return found && { digest, sizeBytes: found.sizeBytes };
  };

  /** Unverified. */
  const open = async (digest: Digest, options: ReadOptions): Promise<Opened> => {
    const { range, isDoneWithPieces, signal } = options;
    const plain = await objects.read(blobKey(digest), options);
    if (plain) return { info: { digest, sizeBytes: plain.info.sizeBytes }, etag: plain.info.etag, bytes: plain.bytes };
    const composed = await layer(digest, signal);
    if (!composed) throw new DynDataError('BLOB_UNKNOWN', `The storage has no blob ${digest}. Build the snapshot again.`);
    const { sizeBytes, segments } = composed;
    const slices = slicesOf(segments, range?.start ?? 0, range?.end ?? sizeBytes);
    return { info: { digest, sizeBytes }, bytes: joined(slices, (slice, reading) => openSlice(slice, reading, isDoneWithPieces), signal) };
  };

  const openSlice = async (slice: Slice, signal: AbortSignal, isDoneWithPieces = false): Promise<AsyncIterable<Uint8Array>> => {
    if ('bytes' in slice) return onePiece(slice.bytes);
    const { info, bytes } = await open(slice.blob.digest, { ...(slice.range && { range: slice.range }), isDoneWithPieces, signal });
    if (info.sizeBytes !== slice.blob.sizeBytes) throw damagedRecord(blobKey(slice.blob.digest));
    return bytes;
  };

  const openVerified = async (slice: Slice, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> => {
    const bytes = await openSlice(slice, signal);
    return 'bytes' in slice ? bytes : verified(bytes, { ...slice.blob, what: `The blob ${slice.blob.digest}` });
  };

  const { url } = objects;
  return {
    stat,

    ...(url && {
      url: async (digest: Digest, signal?: AbortSignal) =>
        (await objects.stat(blobKey(digest), signal)) ? url(blobKey(digest)) : undefined,
    }),

    async read(digest, options = {}) {
      const { info, etag, bytes } = await open(digest, options);
      if (options.range || (etag !== undefined && checked?.isGood(digest, etag))) return { info, bytes };
      const hashed = verified(bytes, { ...info, what: `The blob ${digest}` });
      return { info, bytes: etag === undefined || !checked ? hashed : checked.noted(digest, etag, hashed) };
    },

    async write(blob, bytes, signal) {
      const stored = await stat(blob.digest, signal);
      if (stored) {
        if (stored.sizeBytes !== blob.sizeBytes) throw otherSize(blob, stored);
        return;
      }
      const pieces = bytes instanceof Uint8Array ? onePiece(bytes) : bytes;
      const checked = verified(pieces, { ...blob, what: `The blob ${blob.digest}` });
      const options = { sizeBytes: blob.sizeBytes, condition: 'absent' as const, ...(signal && { signal }) };
      await writeOnce(objects.write(blobKey(blob.digest), checked, options));
    },

    async compose(segments, signal) {
      const composition = compositionOf(segments);
      const key = recipeKey(compositionDigest(composition));
      const known = await readRecord(objects, key, blobInfoSchema, signal);
      const isRenewing = known !== undefined && guard?.isToRenew(layerKey(known.record.digest)) === true;
      if (known && !isRenewing && (await objects.stat(layerKey(known.record.digest), signal))) return known.record;
      // A recipe stands only for a layer that is confirmed.
      if (isRenewing) await objects.remove(key, signal);
      const digester = createDigester();
      for await (const piece of joined(slicesOf(segments, 0, composition.sizeBytes), openVerified, signal)) digester.update(piece);
      const result = { digest: digester.digest(), sizeBytes: composition.sizeBytes };
      const condition = isRenewing ? undefined : ('absent' as const);
      await writeOnce(writeRecord(objects, layerKey(result.digest), composition, { condition, signal }));
      await guard?.confirm(
        segments.flatMap((segment) => ('blob' in segment ? [segment.blob.digest] : [])),
        signal,
      );
      // Last, so that a remembered result is always readable.
      await writeRecord(objects, key, result, { signal });
      return result;
    },
  };
}

/** The slices' bytes one after the other, the next few being opened meanwhile. Nothing is opened before the first is asked for. */
async function* joined(
  slices: readonly Slice[],
  openSlice: (slice: Slice, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  // Fired at the end in any case: it releases what was opened ahead and is not wanted any more.
  const ending = new AbortController();
  const reading = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
  try {
    for await (const bytes of mapAhead(slices, segmentsAhead, (slice) => openSlice(slice, reading))) yield* bytes;
  } finally {
    ending.abort();
  }
}

function otherSize(announced: BlobInfo, stored: BlobInfo): DynDataError {
  return new DynDataError(
    'DIGEST_MISMATCH',
    `The blob ${announced.digest} is stored with ${stored.sizeBytes} bytes where ${announced.sizeBytes} were announced. Have the storage verified.`,
  );
}
