import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { type BlobInfo, type BlobWriter, type ChunkIndex, digestHex, digestOf, type ManifestChunk } from '../core/index.ts';
import { createLimit } from './limit.ts';
import type { Chunk } from './pack.ts';

const compress = promisify(zstdCompress);
const level = 3;
/** Chunks being compressed and written at the same time, per table: enough to hide the store's latency, few enough to bound memory. */
const chunksInFlight = 2;
/** The compressor's output buffer: most frames fit into it at once. */
const outputBytes = 128 * 1024;

/** A compressor takes several megabytes while it works: no more of them than processors, however many tables are read. */
const compressing = createLimit(availableParallelism());

/** Names what produced the frames: another library version or level may give other bytes, and equal data must give equal images. */
export const chunkCodec = `zstd-${process.versions.zstd ?? 'unknown'}-${level}`;

export type StoredChunk = { readonly manifest: ManifestChunk; readonly blob: BlobInfo; readonly boundary: number };

/**
 * Stores each chunk as one zstd frame, in order. A chunk whose text is in the store already is neither compressed nor written.
 */
export async function* store(
  chunks: AsyncIterable<Chunk>,
  to: { readonly blobs: BlobWriter; readonly index: ChunkIndex },
  fileExtension: string,
  signal: AbortSignal,
): AsyncGenerator<StoredChunk> {
  const pending: Promise<StoredChunk>[] = [];
  try {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      const stored = storeChunk(chunk, to, fileExtension, signal);
      // A failure is reported when its turn comes; until then it must not count as unhandled.
      stored.catch(() => undefined);
      pending.push(stored);
      if (pending.length >= chunksInFlight) yield await (pending.shift() as Promise<StoredChunk>);
    }
    for (const stored of pending.splice(0)) yield await stored;
  } finally {
    await Promise.allSettled(pending);
  }
}

async function storeChunk(
  chunk: Chunk,
  to: { readonly blobs: BlobWriter; readonly index: ChunkIndex },
  fileExtension: string,
  signal: AbortSignal,
): Promise<StoredChunk> {
  const digest = digestOf(chunk.bytes);
  const sizeBytes = chunk.bytes.length;
  let blob = await to.index.find(digest, signal);
  if (!blob) {
    const frame = await compressing(() =>
      compress(chunk.bytes, {
        params: { [constants.ZSTD_c_compressionLevel]: level },
        pledgedSrcSize: sizeBytes,
        chunkSize: outputBytes,
      }),
    );
    blob = { digest: digestOf(frame), sizeBytes: frame.length };
    await to.blobs.write(blob, frame, signal);
    await to.index.remember(digest, blob, signal);
  }
  chunk.release();
  return {
    manifest: {
      file: `${chunk.order}-${digestHex(digest).slice(0, 16)}.${fileExtension}.zst`,
      digest,
      rows: chunk.rows,
      sizeBytes,
      storedBytes: blob.sizeBytes,
      ...(chunk.reference ? { reference: true } : {}),
    },
    blob,
    boundary: chunk.boundary,
  };
}
