import { sharedBytes } from './byte-buffer.ts';

/** Memory that chunks are written into, used again by the next ones of any table: as many pieces as chunks are on their way at once. */
export type ChunkMemory = {
  take(): Buffer;
  give(buffer: Buffer): void;
};

/**
 * Every piece a chunk is written into for the whole build. A buffer that threads share is freed only when both have collected its garbage, and a
 * thread whose own heap hardly grows seldom does: buffers that come and go pile up to several times what is in use.
 * @param sizeBytes of a new piece; only what is written to takes memory
 */
export function createChunkMemory(sizeBytes: number): ChunkMemory {
  const free: Buffer[] = [];
  return {
    take: () => free.pop() ?? sharedBytes(sizeBytes),
    give(buffer) {
      // One that had to grow for a huge record is let go.
      if (buffer.length <= 2 * sizeBytes) free.push(buffer);
    },
  };
}
