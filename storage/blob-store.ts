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
import { createSharedWork } from './shared-work.ts';
import { conflict } from './storage-errors.ts';

/** Segments of a composed blob that are open at the same time, so that a distant store's answering time is paid once and not for each. */
const segmentsAhead = 4;

type ReadOptions = NonNullable<Parameters<BlobStore['read']>[1]>;
/** `state` changes with the blob's object; that of a composed blob is its list of pieces'. */
type Found = { readonly info: BlobInfo; readonly isComposed: boolean; readonly state: string };
type Opened = Found & { readonly bytes: AsyncIterable<Uint8Array> };
/** How a piece of a composed blob is read. */
type ReadPiece = (digest: Digest, options: ReadOptions) => Promise<{ readonly info: BlobInfo; readonly bytes: AsyncIterable<Uint8Array> }>;

export type BlobStoreOptions = {
  readonly guard?: CompositionGuard;
  /**
   * For a reader that serves clients. What was found good lately is read without hashing it again; ranges are given of what is verified
   * only; what was found damaged is refused at once, and verified whole before any byte of it is given again. Left out, all that is read
   * whole is hashed, and ranges are not.
   */
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
  const layer = async (digest: Digest, signal?: AbortSignal): Promise<(Found & { readonly segments: Segment[] }) | undefined> => {
    const found = await readRecord(objects, layerKey(digest), compositionSchema, signal);
    if (!found) return undefined;
    const { record, info, trace } = found;
    const segments = segmentsOf(record);
    if (!segments) throw damagedRecord(layerKey(digest));
    return { info: { digest, sizeBytes: record.sizeBytes }, isComposed: true, state: trace ?? info.etag, segments };
  };

  const find = async (digest: Digest, signal?: AbortSignal): Promise<Found | undefined> => {
    const plain = await objects.stat(blobKey(digest), signal);
    if (!plain) return layer(digest, signal);
    return { info: { digest, sizeBytes: plain.sizeBytes }, isComposed: false, state: plain.trace ?? plain.etag };
  };

  /** Unverified, but for what `readPiece` verifies. */
  const open: (digest: Digest, options: ReadOptions, readPiece?: ReadPiece) => Promise<Opened> = async (
    digest,
    options,
    readPiece = open,
  ) => {
    const { range, isDoneWithPieces = false, signal } = options;
    const plain = await objects.read(blobKey(digest), options);
    if (plain) {
      const { info, trace, bytes } = plain;
      return { info: { digest, sizeBytes: info.sizeBytes }, isComposed: false, state: trace ?? info.etag, bytes };
    }
    const composed = await layer(digest, signal);
    if (!composed) throw unknownBlob(digest);
    const { segments, ...found } = composed;
    const slices = slicesOf(segments, range?.start ?? 0, range?.end ?? found.info.sizeBytes);
    const openSlice = (slice: Slice, reading: AbortSignal) => opened(slice, { isDoneWithPieces, signal: reading }, readPiece);
    return { ...found, bytes: joined(slices, openSlice, signal) };
  };

  const opened = async (slice: Slice, options: ReadOptions, readPiece: ReadPiece): Promise<AsyncIterable<Uint8Array>> => {
    if ('bytes' in slice) return onePiece(slice.bytes);
    const { info, bytes } = await readPiece(slice.blob.digest, { ...options, ...(slice.range && { range: slice.range }) });
    if (info.sizeBytes !== slice.blob.sizeBytes) throw damagedRecord(blobKey(slice.blob.digest));
    return bytes;
  };

  const openVerified = async (slice: Slice, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> => {
    const bytes = await opened(slice, { signal }, open);
    return 'bytes' in slice ? bytes : verified(bytes, { ...slice.blob, what: `The blob ${slice.blob.digest}` });
  };

  /** Whole, and hashed unless that is needless. */
  const readWhole = async (digest: Digest, options: ReadOptions) => {
    const { info, isComposed, state, bytes } = await open(digest, options);
    // Pieces may have changed where the list of them has not.
    if (!isComposed && checked?.isGood(digest, state)) return { info, bytes };
    const hashed = verified(bytes, { ...info, what: `The blob ${digest}` });
    return { info, bytes: checked ? checked.noted(digest, state, hashed) : hashed };
  };

  const shared = createSharedWork();
  /** Reads the blob whole if it has not been lately. @returns its state. @throws DIGEST_MISMATCH */
  const prove = async (by: CheckedBlobs, digest: Digest, signal?: AbortSignal): Promise<string> => {
    const found = await find(digest, signal);
    if (!found) throw unknownBlob(digest);
    by.requireNotDamaged(digest, found.state);
    if (by.isGood(digest, found.state)) return found.state;
    const readToEnd = async (reading: AbortSignal): Promise<void> => {
      for await (const piece of (await readWhole(digest, { isDoneWithPieces: true, signal: reading })).bytes) void piece;
    };
    await shared(`${digest} ${found.state}`, readToEnd, signal);
    return found.state;
  };

  /** Of a composed blob the list of pieces is proven, and each piece that the range touches. */
  const readProven = async (by: CheckedBlobs, digest: Digest, options: ReadOptions): ReturnType<ReadPiece> => {
    const state = await prove(by, digest, options.signal);
    const { info, bytes, state: now } = await open(digest, options, (piece, reading) => readProven(by, piece, reading));
    if (now === state) return { info, bytes };
    // Left at its first piece, which releases it.
    for await (const _piece of bytes) break;
    throw conflict(blobKey(digest));
  };

  const { url } = objects;
  return {
    async stat(digest, signal) {
      const found = await find(digest, signal);
      if (found) checked?.requireNotDamaged(digest, found.state);
      return found?.info;
    },

    ...(url && {
      url: async (digest: Digest, signal?: AbortSignal) =>
        (await objects.stat(blobKey(digest), signal)) ? url(blobKey(digest)) : undefined,
    }),

    async read(digest, options = {}) {
      if (checked && (options.range || checked.isInDoubt(digest))) return readProven(checked, digest, options);
      return options.range ? open(digest, options) : readWhole(digest, options);
    },

    async write(blob, bytes, signal) {
      const stored = (await find(blob.digest, signal))?.info;
      if (stored) {
        if (stored.sizeBytes !== blob.sizeBytes) throw otherSize(blob, stored);
        return;
      }
      const pieces = bytes instanceof Uint8Array ? onePiece(bytes) : bytes;
      const hashed = verified(pieces, { ...blob, what: `The blob ${blob.digest}` });
      const options = { sizeBytes: blob.sizeBytes, condition: 'absent' as const, ...(signal && { signal }) };
      await writeOnce(objects.write(blobKey(blob.digest), hashed, options));
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

function unknownBlob(digest: Digest): DynDataError {
  return new DynDataError('BLOB_UNKNOWN', `The storage has no blob ${digest}. Build the snapshot again.`);
}

function otherSize(announced: BlobInfo, stored: BlobInfo): DynDataError {
  return new DynDataError(
    'DIGEST_MISMATCH',
    `The blob ${announced.digest} is stored with ${stored.sizeBytes} bytes where ${announced.sizeBytes} were announced. Have the storage verified.`,
  );
}
