import { type ChunkIndex, type Digest, digestHex, type ObjectStore } from '../core/index.ts';
import { blobInfoSchema } from './composition.ts';
import { readRecord, writeRecord } from './json-objects.ts';

/**
 * Chunks under `chunks/<codec>/sha256/<hex>`. `codec` names what made the stored form (library, version, level): another codec gives other
 * bytes for the same chunk, so it has an index of its own. Letters, digits, `.`, `_` and `-`.
 */
export function createChunkIndex(objects: ObjectStore, codec: string): ChunkIndex {
  const chunkKey = (canonical: Digest): string => `chunks/${codec}/sha256/${digestHex(canonical)}`;
  return {
    async find(canonical, signal) {
      return (await readRecord(objects, chunkKey(canonical), blobInfoSchema, signal))?.record;
    },
    async remember(canonical, stored, signal) {
      await writeRecord(objects, chunkKey(canonical), { digest: stored.digest, sizeBytes: stored.sizeBytes }, { signal });
    },
  };
}
