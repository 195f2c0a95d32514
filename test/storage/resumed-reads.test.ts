import { describe, expect, it } from 'vitest';
import { DynDataError, type ObjectStore } from '../../core/index.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { resumedReads } from '../../storage/resumed-reads.ts';
import { collect, sampleBytes } from '../support/stream-samples.ts';

const mebibyte = 1024 * 1024;

type Break = { readonly afterBytes: number; readonly how: 'cut' | 'ended' | 'damaged'; readonly before?: () => Promise<unknown> };

/** The store, each of whose reads breaks after so many bytes. */
function breaking(objects: ObjectStore, breaks: (read: number) => Break | undefined): ObjectStore & { readonly reads: () => number } {
  let reads = 0;
  return {
    ...objects,
    reads: () => reads,
    async read(key, options) {
      reads += 1;
      const found = await objects.read(key, options);
      const planned = breaks(reads);
      if (!found || !planned) return found;
      async function* broken(): AsyncGenerator<Uint8Array> {
        let left = planned?.afterBytes ?? 0;
        for await (const piece of found?.bytes ?? []) {
          for (let at = 0; at < piece.byteLength && left > 0; at += 65_536) {
            const part = piece.subarray(at, Math.min(at + 65_536, at + left));
            left -= part.byteLength;
            yield part;
          }
          if (left === 0) break;
        }
        await planned?.before?.();
        if (planned?.how === 'cut') throw new DynDataError('STORAGE_UNREACHABLE', 'cut');
        if (planned?.how === 'damaged') throw new DynDataError('STORAGE_FAILED', 'damaged');
      }
      return { info: found.info, bytes: broken() };
    },
  };
}

describe('reads that break', () => {
  const bytes = sampleBytes(3 * mebibyte + 77, 4);
  const stored = async (): Promise<ObjectStore> => {
    const objects = createMemoryObjects();
    await objects.write('a/b', bytes, { sizeBytes: bytes.byteLength });
    return objects;
  };
  const noDelay = (): number => 0;
  const read = async (objects: ObjectStore, range?: { start: number; end: number }): Promise<Uint8Array> => {
    const found = await resumedReads(objects, noDelay).read('a/b', range && { range });
    return found ? collect(found.bytes) : new Uint8Array();
  };

  it.each(['cut', 'ended'] as const)('go on where they broke, when they were %s', async (how) => {
    const objects = breaking(await stored(), (count) => (count < 4 ? { afterBytes: 700_001, how } : undefined));
    expect(Buffer.compare(await read(objects), bytes)).toBe(0);
    expect(objects.reads()).toBe(4);
  });

  it('go on within their range', async () => {
    const range = { start: 500_000, end: 900_123 };
    const objects = breaking(await stored(), (count) => (count < 3 ? { afterBytes: 99_999, how: 'cut' } : undefined));
    expect(Buffer.compare(await read(objects, range), bytes.subarray(range.start, range.end))).toBe(0);
    const beyond = { start: bytes.byteLength - 10, end: bytes.byteLength + 500 };
    expect(
      await read(
        breaking(await stored(), (count) => (count === 1 ? { afterBytes: 4, how: 'cut' } : undefined)),
        beyond,
      ),
    ).toEqual(bytes.slice(-10));
  });

  it('are whole when the connection breaks after the last byte', async () => {
    const objects = breaking(await stored(), () => ({ afterBytes: bytes.byteLength, how: 'cut' }));
    expect(Buffer.compare(await read(objects), bytes)).toBe(0);
    expect(objects.reads()).toBe(1);
  });

  it('end with CONFLICT where the object is another one by then, or gone', async () => {
    const replaced = await stored();
    const replace = () => replaced.write('a/b', bytes, { sizeBytes: bytes.byteLength });
    await expect(read(breaking(replaced, () => ({ afterBytes: 1000, how: 'cut', before: replace })))).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    const removed = await stored();
    const remove = () => removed.remove('a/b');
    await expect(read(breaking(removed, () => ({ afterBytes: 1000, how: 'cut', before: remove })))).rejects.toMatchObject({
      code: 'CONFLICT',
    });
  });

  it('are given up when they bring nothing on, and never while they do', async () => {
    const stuck = breaking(await stored(), () => ({ afterBytes: 1000, how: 'cut' }));
    await expect(read(stuck)).rejects.toMatchObject({ code: 'STORAGE_UNREACHABLE' });
    expect(stuck.reads()).toBe(11);
    const large = createMemoryObjects();
    const sizeBytes = 16 * mebibyte;
    await large.write('a/b', sampleBytes(sizeBytes, 2), { sizeBytes });
    const slow = breaking(large, () => ({ afterBytes: mebibyte, how: 'cut' }));
    expect(Buffer.compare(await read(slow), sampleBytes(sizeBytes, 2))).toBe(0);
    expect(slow.reads()).toBe(16);
  });

  it('end with other errors as they are', async () => {
    const objects = breaking(await stored(), () => ({ afterBytes: 1000, how: 'damaged' }));
    await expect(read(objects)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(objects.reads()).toBe(1);
  });

  it('end at once in a pause when their signal fires', async () => {
    const controller = new AbortController();
    const objects = breaking(await stored(), () => ({
      afterBytes: 10,
      how: 'cut',
      before: async () => void setTimeout(() => controller.abort(), 20),
    }));
    const found = await resumedReads(objects, () => 1).read('a/b', { signal: controller.signal });
    await expect(collect(found?.bytes ?? (async function* () {})())).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
