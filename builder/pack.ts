import type { ByteBuffer } from './byte-buffer.ts';
import { type ChunkMemory, createChunkMemory } from './chunk-memory.ts';
import type { Extraction } from './extraction.ts';
import { hashBytes, hashEnd, hashStart } from './key-hash.ts';

/** A run of records in the canonical encoding. */
export type Chunk = {
  /** Valid until `release`. */
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Sorts the chunks of a table into loading order. */
  readonly order: string;
  /** Whether `up --empty` carries it. */
  readonly reference: boolean;
  /** Hash of the key before the cut: decides where layers are cut, and does not move when rows change. */
  readonly boundary: number;
  /** Gives the memory back for another chunk; to be called once, when the bytes are no longer needed. */
  release(): void;
};

export type ChunkSizes = { readonly minBytes: number; readonly targetBytes: number; readonly maxBytes: number };

/**
 * docs/performance.md has what other sizes cost. Smaller ones store little less of what changes all over and more of everything else; a
 * build has some thirty chunks in memory at once.
 */
export const chunkSizes: ChunkSizes = { minBytes: 128 * 1024, targetBytes: 512 * 1024, maxBytes: 2 * 1024 * 1024 };

/** Of the stream in a chunk's name: entries can lie a hundred levels deep, and names sort as texts. */
const streamDigits = 3;

type OpenChunk = { readonly buffer: ByteBuffer; rows: number; order: string | undefined; boundary: number; number: number };

/**
 * Masks and encodes records and cuts the text into chunks. A cut follows a record whose key hashes below a bound proportional to the
 * record's size: so cuts are a function of the records around them alone, chunks have the target size on average, and a change of
 * one row moves no other cut. `minBytes` and `maxBytes` bound a chunk; beyond `maxBytes` it ends after the current record.
 */
export async function* pack<R, M>(
  extraction: Extraction<R, M>,
  { start: partStart, batches }: { readonly start: string; readonly batches: AsyncIterable<readonly R[]> },
  sizes: ChunkSizes = chunkSizes,
  memory: ChunkMemory = createChunkMemory(sizes.maxBytes),
): AsyncGenerator<Chunk> {
  const streams = new Map<number, OpenChunk>();
  const place = Buffer.from([extraction.schema, extraction.name, ...(partStart === '' ? [] : [partStart])].join('\0'));
  const firstBoundary = hashBytes(hashStart, place, 0, place.length) >>> 0;
  const scale = 0x1_0000_0000 / (sizes.targetBytes - sizes.minBytes);
  for await (const batch of batches) {
    for (const record of batch) {
      const masked = extraction.mask(record);
      const streamNumber = extraction.stream(masked);
      let open = streams.get(streamNumber);
      if (!open) {
        open = {
          buffer: { bytes: memory.take(), length: 0 },
          rows: 0,
          order: undefined,
          boundary: firstBoundary ^ streamNumber,
          number: 0,
        };
        streams.set(streamNumber, open);
      }
      if (open.rows === 0) open.order = extraction.order(masked);
      const start = open.buffer.length;
      extraction.encode(masked, open.buffer);
      open.rows += 1;
      if (open.buffer.length < sizes.minBytes) continue;
      const end = open.buffer.length;
      const keyHash = extraction.keyHash ? extraction.keyHash(masked) : hashEnd(hashBytes(hashStart, open.buffer.bytes, start, end));
      if (keyHash < (end - start) * scale || end >= sizes.maxBytes) {
        yield close(open, streamNumber, extraction.isReference(streamNumber), memory);
        open.boundary = keyHash;
      }
    }
  }
  for (const [streamNumber, open] of [...streams].sort(([a], [b]) => a - b)) {
    if (open.rows > 0) yield close(open, streamNumber, extraction.isReference(streamNumber), memory);
    memory.give(open.buffer.bytes);
  }
}

/** Takes the finished chunk out together with its buffer; the stream goes on in another. */
function close(open: OpenChunk, streamNumber: number, reference: boolean, memory: ChunkMemory): Chunk {
  const { bytes: buffer, length } = open.buffer;
  const prefix = streamNumber.toString().padStart(streamDigits, '0');
  const position = open.order ?? open.number.toString(16).padStart(17, '0');
  const order = position === '' ? prefix : `${prefix}-${position}`;
  const chunk: Chunk = {
    bytes: buffer.subarray(0, length),
    rows: open.rows,
    order,
    reference,
    boundary: open.boundary,
    release: () => memory.give(buffer),
  };
  open.buffer.bytes = memory.take();
  open.buffer.length = 0;
  open.rows = 0;
  open.number += 1;
  return chunk;
}

/**
 * Sortable 17 digits for an integer key of 64 bits, signed or not, or for the first eight bytes of any other key. Keys that share a
 * prefix sort in any order: the order of chunks is a matter of loading speed, not of meaning.
 */
export function orderOfKey(value: Uint8Array | null | undefined): string {
  if (!value) return '0'.repeat(17);
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
  if (integerPattern.test(text)) return (BigInt(text) + (1n << 63n)).toString(16).padStart(17, '0');
  return Buffer.from(text.slice(0, 8), 'latin1').toString('hex').padEnd(17, '0');
}

const integerPattern = /^-?\d{1,20}$/;
