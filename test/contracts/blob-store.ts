import { beforeEach, describe, expect, it } from 'vitest';
import { type BlobInfo, type BlobStore, digestHex, digestOf, type ObjectStore, type Segment } from '../../core/index.ts';
import { createBlobStore, createChunkIndex } from '../../storage/index.ts';
import { collect, failing, inPieces, listOf, sampleBytes } from '../support/stream-samples.ts';

/** Holds the blob store, over one adapter, to the contract in core/blob-store.ts. `open` gives a new, empty object store. */
export function blobStoreContract(open: () => Promise<ObjectStore>): void {
  let objects: ObjectStore;
  let blobs: BlobStore;
  beforeEach(async () => {
    objects = await open();
    blobs = createBlobStore(objects);
  });

  const infoOf = (bytes: Uint8Array): BlobInfo => ({ digest: digestOf(bytes), sizeBytes: bytes.byteLength });
  const store = async (bytes: Uint8Array): Promise<BlobInfo> => {
    const info = infoOf(bytes);
    await blobs.write(info, bytes);
    return info;
  };
  const keys = async () => (await listOf(objects.list(''))).map(({ key }) => key);

  describe('plain blobs', () => {
    it('are read back whole and in ranges', async () => {
      const bytes = sampleBytes(300_000, 2);
      const info = infoOf(bytes);
      await blobs.write(info, inPieces(bytes, 7_777));
      expect(await blobs.stat(info.digest)).toEqual(info);
      const whole = await blobs.read(info.digest);
      expect(whole.info).toEqual(info);
      expect(Buffer.compare(await collect(whole.bytes), bytes)).toBe(0);
      const part = await blobs.read(info.digest, { range: { start: 1_000, end: 2_000 } });
      expect(part.info).toEqual(info);
      expect(Buffer.compare(await collect(part.bytes), bytes.subarray(1_000, 2_000))).toBe(0);
    });

    it('are not read again where they are stored already', async () => {
      const info = await store(sampleBytes(1000));
      await blobs.write(info, failing(new Uint8Array(1), new Error('must not be read')));
      const other = { ...info, sizeBytes: info.sizeBytes + 1 };
      await expect(blobs.write(other, sampleBytes(1001))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    });

    it('may be written by many at once', async () => {
      const bytes = sampleBytes(100_000, 4);
      await Promise.all(Array.from({ length: 8 }, () => blobs.write(infoOf(bytes), inPieces(bytes, 10_000))));
      expect(Buffer.compare(await collect((await blobs.read(digestOf(bytes))).bytes), bytes)).toBe(0);
    });

    it('are refused, leaving nothing, where bytes and digest do not fit', async () => {
      const bytes = sampleBytes(50_000, 5);
      const wrongDigest = { digest: digestOf('something else'), sizeBytes: bytes.byteLength };
      await expect(blobs.write(wrongDigest, bytes)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      const wrongSize = { digest: digestOf(bytes), sizeBytes: bytes.byteLength + 1 };
      await expect(blobs.write(wrongSize, inPieces(bytes, 9_999))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      await expect(blobs.write(infoOf(bytes), failing(bytes.subarray(0, 10), new Error('broken')))).rejects.toThrow('broken');
      expect(await keys()).toEqual([]);
      expect(await blobs.stat(digestOf(bytes))).toBeUndefined();
    });

    it('fail as unknown where they are not stored', async () => {
      await expect(blobs.read(digestOf('missing'))).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    });

    it('are never served whole when damaged', async () => {
      const bytes = sampleBytes(600_000, 6);
      const info = await store(bytes);
      const damaged = Uint8Array.from(bytes);
      damaged[599_999] = (damaged[599_999] ?? 0) ^ 1;
      await objects.write(`blobs/sha256/${digestHex(info.digest)}`, damaged, { sizeBytes: damaged.byteLength });
      let servedBytes = 0;
      const reading = async (): Promise<void> => {
        for await (const piece of (await blobs.read(info.digest)).bytes) servedBytes += piece.byteLength;
      };
      await expect(reading()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(servedBytes).toBeLessThan(info.sizeBytes);
    });
  });

  describe('composed blobs', () => {
    const compose = async (pieceSizes: readonly number[]) => {
      const segments: Segment[] = [];
      const all: Uint8Array[] = [];
      for (const [index, size] of pieceSizes.entries()) {
        const bytes = sampleBytes(size, 100 + index);
        all.push(bytes);
        segments.push(index % 2 === 0 ? { bytes } : { blob: await store(bytes) });
      }
      return { segments, whole: Buffer.concat(all), info: await blobs.compose(segments) };
    };

    it('have the digest, size and bytes of the concatenation', async () => {
      const { whole, info } = await compose([512, 70_000, 100, 1, 0, 3_000, 1024]);
      expect(info).toEqual(infoOf(whole));
      expect(await blobs.stat(info.digest)).toEqual(info);
      const read = await blobs.read(info.digest);
      expect(read.info).toEqual(info);
      expect(Buffer.compare(await collect(read.bytes), whole)).toBe(0);
      expect(await keys()).not.toContain(`blobs/sha256/${digestHex(info.digest)}`);
    });

    it('are read in ranges across the borders of their segments', async () => {
      const sizes = [10, 300, 20, 400, 30, 500, 40];
      const { whole, info } = await compose(sizes);
      const borders = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0));
      const ranges = borders.flatMap((border) => [
        { start: Math.max(0, border - 1), end: border + 1 },
        { start: border, end: border + 1 },
        { start: Math.max(0, border - 15), end: border + 450 },
        { start: 0, end: border },
        { start: border, end: whole.byteLength + 99 },
      ]);
      for (const range of ranges) {
        const read = await blobs.read(info.digest, { range });
        expect(read.info).toEqual(info);
        expect(Buffer.compare(await collect(read.bytes), whole.subarray(range.start, range.end))).toBe(0);
      }
      expect((await collect((await blobs.read(info.digest, { range: { start: 99_999, end: 100_000 } })).bytes)).byteLength).toBe(0);
    });

    it('are found again without reading their pieces, and do not depend on how inline bytes are cut', async () => {
      const { segments, info } = await compose([512, 70_000, 100]);
      const [first, second, third] = segments;
      if (!first || !second || !third || !('bytes' in first)) throw new Error('three segments expected');
      const stored = await keys();
      const again = await blobs.compose([{ bytes: first.bytes.subarray(0, 5) }, { bytes: first.bytes.subarray(5) }, second, third]);
      expect(again).toEqual(info);
      expect(await keys()).toEqual(stored);
      if ('blob' in second) await objects.remove(`blobs/sha256/${digestHex(second.blob.digest)}`);
      expect(await blobs.compose(segments)).toEqual(info);
    });

    it('may be pieces of other composed blobs', async () => {
      const inner = await compose([10, 2_000, 30]);
      const header = sampleBytes(512, 77);
      const info = await blobs.compose([{ bytes: header }, { blob: inner.info }]);
      const whole = Buffer.concat([header, inner.whole]);
      expect(info).toEqual(infoOf(whole));
      const read = await blobs.read(info.digest, { range: { start: 515, end: 1500 } });
      expect(Buffer.compare(await collect(read.bytes), whole.subarray(515, 1500))).toBe(0);
    });

    it('may be nothing but inline bytes, or nothing at all', async () => {
      const inline = await blobs.compose([{ bytes: sampleBytes(1024, 8) }]);
      expect(inline).toEqual(infoOf(sampleBytes(1024, 8)));
      expect(Buffer.compare(await collect((await blobs.read(inline.digest)).bytes), sampleBytes(1024, 8))).toBe(0);
      const nothing = await blobs.compose([]);
      expect(nothing).toEqual(infoOf(new Uint8Array()));
      expect((await collect((await blobs.read(nothing.digest)).bytes)).byteLength).toBe(0);
    });

    it('are refused, leaving nothing, where a piece is missing, damaged or of another size', async () => {
      const bytes = sampleBytes(5_000, 9);
      const blob = await store(bytes);
      const stored = await keys();
      const missing: Segment = { blob: { digest: digestOf('missing'), sizeBytes: 7 } };
      await expect(blobs.compose([{ blob }, missing])).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
      await expect(blobs.compose([{ blob: { ...blob, sizeBytes: 4_999 } }])).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      await objects.write(`blobs/sha256/${digestHex(blob.digest)}`, sampleBytes(5_000, 10), { sizeBytes: 5_000 });
      await expect(blobs.compose([{ bytes: sampleBytes(1) }, { blob }])).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(await keys()).toEqual(stored);
    });

    it('are never served whole when a piece or the recipe is damaged', async () => {
      const { segments, info } = await compose([512, 70_000, 100, 80_000]);
      const piece = segments[1];
      if (!piece || !('blob' in piece)) throw new Error('a blob expected');
      await objects.write(`blobs/sha256/${digestHex(piece.blob.digest)}`, sampleBytes(70_000, 66), { sizeBytes: 70_000 });
      let servedBytes = 0;
      const reading = async (): Promise<void> => {
        for await (const item of (await blobs.read(info.digest)).bytes) servedBytes += item.byteLength;
      };
      await expect(reading()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(servedBytes).toBeLessThan(info.sizeBytes);
      await objects.write(`layers/sha256/${digestHex(info.digest)}`, sampleBytes(20), { sizeBytes: 20 });
      await expect(blobs.read(info.digest)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    });

    it('can be left half read, any number of times, and cancelled', async () => {
      const { info } = await compose(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 100 : 50_000)));
      for (let round = 0; round < 20; round += 1) {
        for await (const piece of (await blobs.read(info.digest)).bytes) if (piece.byteLength > 0) break;
      }
      const controller = new AbortController();
      const reading = async (): Promise<void> => {
        for await (const piece of (await blobs.read(info.digest, { signal: controller.signal })).bytes) {
          if (piece.byteLength > 0) controller.abort();
        }
      };
      await expect(reading()).rejects.toMatchObject({ code: 'CANCELLED' });
      await expect(blobs.compose([{ blob: info }], AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
    });
  });

  describe('chunk index', () => {
    it('finds what it remembers, per codec, and the latest', async () => {
      const index = createChunkIndex(objects, 'zstd-1.5.7-3');
      const canonical = digestOf('canonical');
      expect(await index.find(canonical)).toBeUndefined();
      const first = await store(sampleBytes(100, 1));
      const second = await store(sampleBytes(100, 2));
      await index.remember(canonical, first);
      expect(await index.find(canonical)).toEqual(first);
      await index.remember(canonical, second);
      expect(await index.find(canonical)).toEqual(second);
      expect(await createChunkIndex(objects, 'zstd-1.5.8-3').find(canonical)).toBeUndefined();
    });
  });
}
