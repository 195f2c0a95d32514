import { beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore, WriteCondition } from '../../core/index.ts';
import { collect, failing, inPieces, listOf, repeated, sampleBytes, silentAfter } from '../support/stream-samples.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const mebibyte = 1024 * 1024;
/** Above the size that an adapter may send in one piece. */
const largeBytes = 20 * mebibyte;

export type ObjectStoreContractOptions = {
  /** A new, empty store. */
  readonly open: () => Promise<ObjectStore>;
  /** False for a store whose objects are in this process's memory by nature. */
  readonly isOutsideThisProcess: boolean;
  /** Whatever unfinished writes leave in the store beside its keys: must be nothing. */
  readonly leftovers?: () => Promise<readonly string[]>;
};

/** Holds an adapter to the contract in core/object-store.ts. */
export function objectStoreContract({ open, isOutsideThisProcess, leftovers }: ObjectStoreContractOptions): void {
  let objects: ObjectStore;
  beforeAll(async () => {
    objects = await open();
  });

  const put = (key: string, content: string, condition?: WriteCondition) => {
    const bytes = new TextEncoder().encode(content);
    return objects.write(key, bytes, { sizeBytes: bytes.byteLength, ...(condition && { condition }) });
  };
  const get = async (key: string): Promise<string | undefined> => {
    const found = await objects.read(key);
    return found && text(await collect(found.bytes));
  };
  const expectNothing = async (key: string): Promise<void> => {
    expect(await objects.stat(key)).toBeUndefined();
    expect(await objects.read(key)).toBeUndefined();
    expect(await listOf(objects.list(key))).toEqual([]);
    expect((await leftovers?.()) ?? []).toEqual([]);
  };

  describe('reading and writing', () => {
    it('gives back what was written, with its size and etag', async () => {
      const written = await put('basic/one', 'first');
      expect(written).toMatchObject({ key: 'basic/one', sizeBytes: 5 });
      expect(written.etag).not.toBe('');
      expect(await objects.stat('basic/one')).toMatchObject(written);
      const found = await objects.read('basic/one');
      expect(found?.info).toEqual(written);
      expect(found && text(await collect(found.bytes))).toBe('first');
      expect(await listOf(objects.list('basic/'))).toMatchObject([written]);
    });

    it('replaces an object whole and changes its etag', async () => {
      const before = await put('basic/replaced', 'a longer text');
      const after = await put('basic/replaced', 'short');
      expect(after.etag).not.toBe(before.etag);
      expect(await get('basic/replaced')).toBe('short');
    });

    it('tells when it was written last, also where the bytes are the same again', async () => {
      await put('times/one', 'same');
      const first = await objects.stat('times/one');
      await new Promise((resolve) => setTimeout(resolve, 2100));
      await put('times/one', 'same');
      const second = await objects.stat('times/one');
      if (!first || !second) throw new Error('an object expected');
      const passedMs = second.modifiedAt.getTime() - first.modifiedAt.getTime();
      expect(passedMs).toBeGreaterThanOrEqual(1000);
      expect(passedMs).toBeLessThan(30_000);
      // A listing may be more exact than a question for one object.
      const [listed] = await listOf(objects.list('times/'));
      expect(Math.abs(Number(listed?.modifiedAt) - Number(second.modifiedAt))).toBeLessThan(1000);
    });

    it('stores an object of no bytes', async () => {
      await put('basic/empty', '');
      expect(await objects.stat('basic/empty')).toMatchObject({ sizeBytes: 0 });
      expect(await get('basic/empty')).toBe('');
      const found = await objects.read('basic/empty', { range: { start: 0, end: 10 } });
      expect(found && (await collect(found.bytes)).byteLength).toBe(0);
    });

    it('gives undefined for a missing key and removes one without complaint', async () => {
      await expectNothing('basic/missing');
      await objects.remove('basic/missing');
      await put('basic/removed', 'x');
      await objects.remove('basic/removed');
      await expectNothing('basic/removed');
    });

    it('keeps keys apart that differ in case or in one character', async () => {
      const keys = ['names/Prod', 'names/prod', 'names/PROD', 'names/sha256:ab', 'names/a.b', 'names/a@b', 'names/a_b', 'names/a-b'];
      for (const key of keys) await put(key, key);
      for (const key of keys) expect(await get(key)).toBe(key);
      expect((await listOf(objects.list('names/'))).map(({ key }) => key)).toEqual([...keys].sort());
      await put(`names/${'T'.repeat(128)}`, 'a long tag');
      expect(await get(`names/${'T'.repeat(128)}`)).toBe('a long tag');
    });

    it.each(['', '/', 'a//b', '/a', 'a/', '.', '..', '../x', 'a/../b', 'a/..', 'a/./b', 'a b', 'a%2Fb', 'a\\b', 'a\0b', 'a+b', '~tmp/x'])(
      'refuses %j as a key',
      async (key) => {
        await expect(put(key, 'x')).rejects.toMatchObject({ code: 'INTERNAL' });
        await expect(objects.stat(key)).rejects.toMatchObject({ code: 'INTERNAL' });
        await expect(objects.read(key)).rejects.toMatchObject({ code: 'INTERNAL' });
        await expect(objects.remove(key)).rejects.toMatchObject({ code: 'INTERNAL' });
      },
    );

    it('reads ranges, also up to and beyond the end', async () => {
      await put('ranges/digits', '0123456789');
      const range = async (start: number, end: number) => {
        const found = await objects.read('ranges/digits', { range: { start, end } });
        expect(found?.info.sizeBytes).toBe(10);
        return found && text(await collect(found.bytes));
      };
      expect(await range(0, 1)).toBe('0');
      expect(await range(3, 7)).toBe('3456');
      expect(await range(8, 10)).toBe('89');
      expect(await range(8, 1000)).toBe('89');
      expect(await range(10, 20)).toBe('');
      expect(await range(500, 600)).toBe('');
      expect(await range(4, 4)).toBe('');
    });

    it('reads an object only where it is still the one that was meant, when asked so', async () => {
      const first = await put('etags/object', '0123456789');
      const range = { start: 4, end: 8 };
      const found = await objects.read('etags/object', { range, etag: first.etag });
      expect(found && text(await collect(found.bytes))).toBe('4567');
      await put('etags/object', 'another text');
      await expect(objects.read('etags/object', { range, etag: first.etag })).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(objects.read('etags/object', { etag: first.etag })).rejects.toMatchObject({ code: 'CONFLICT' });
      await objects.remove('etags/object');
      expect(await objects.read('etags/object', { etag: first.etag })).toBeUndefined();
    });

    it('gives the same bytes to one who is done with a piece when he asks for the one after the next', async () => {
      const bytes = sampleBytes(1_500_000, 4);
      await objects.write('basic/lent', bytes, { sizeBytes: bytes.byteLength });
      for (const range of [undefined, { start: 7, end: 1_400_001 }]) {
        const found = await objects.read('basic/lent', { isDoneWithPieces: true, ...(range && { range }) });
        const copies: Buffer[] = [];
        let held: Uint8Array | undefined;
        for await (const piece of found?.bytes ?? []) {
          if (held) copies.push(Buffer.from(held));
          held = piece;
        }
        copies.push(Buffer.from(held ?? []));
        expect(Buffer.compare(Buffer.concat(copies), bytes.subarray(range?.start ?? 0, range?.end))).toBe(0);
      }
    });

    it('carries many pieces of a large object unchanged', async () => {
      const bytes = sampleBytes(largeBytes + 12_345, 7);
      const written = await objects.write('large/pieces', inPieces(bytes, 100_003), { sizeBytes: bytes.byteLength });
      expect(written.sizeBytes).toBe(bytes.byteLength);
      expect(await objects.stat('large/pieces')).toMatchObject(written);
      const found = await objects.read('large/pieces');
      expect(found && Buffer.compare(await collect(found.bytes), bytes)).toBe(0);
    });
  });

  describe('writes that do not succeed', () => {
    const failures: [string, number][] = [
      ['a small object', 1000],
      ['a large object', largeBytes],
    ];
    describe.each(failures)('%s', (name, sizeBytes) => {
      const key = `failed/${sizeBytes}`;
      const bytes = sampleBytes(sizeBytes, 3);

      it('leave nothing when the source fails, and pass its error on', async () => {
        const error = new Error(`the source of ${name} failed`);
        await expect(objects.write(key, failing(bytes.subarray(0, sizeBytes - 10), error), { sizeBytes })).rejects.toBe(error);
        await expectNothing(key);
      });

      it('leave nothing when the source is shorter or longer than announced', async () => {
        const wrongLength = { code: 'DIGEST_MISMATCH' };
        await expect(objects.write(key, inPieces(bytes, 65_536), { sizeBytes: sizeBytes + 1 })).rejects.toMatchObject(wrongLength);
        await expectNothing(key);
        await expect(objects.write(key, inPieces(bytes, 65_536), { sizeBytes: sizeBytes - 1 })).rejects.toMatchObject(wrongLength);
        await expectNothing(key);
        await expect(objects.write(key, bytes, { sizeBytes: sizeBytes - 1 })).rejects.toMatchObject(wrongLength);
        await expectNothing(key);
      });

      it('end after a cancellation, though the source is silent, and leave nothing', async () => {
        const controller = new AbortController();
        const source = silentAfter(bytes.subarray(0, sizeBytes - 10));
        const writing = objects.write(key, source, { sizeBytes, signal: controller.signal });
        const outcome = expect(writing).rejects.toMatchObject({ code: 'CANCELLED' });
        await new Promise((resolve) => setTimeout(resolve, 150));
        controller.abort();
        await outcome;
        await expectNothing(key);
      });

      it('leave an existing object as it was', async () => {
        await put(`${key}-kept`, 'before');
        const source = failing(bytes.subarray(0, sizeBytes - 10), new Error('broken'));
        await expect(objects.write(`${key}-kept`, source, { sizeBytes })).rejects.toThrow('broken');
        expect(await get(`${key}-kept`)).toBe('before');
      });
    });

    it('do not even begin under a signal that has fired', async () => {
      const signal = AbortSignal.abort();
      const cancelled = { code: 'CANCELLED' };
      await expect(objects.write('failed/fired', sampleBytes(4), { sizeBytes: 4, signal })).rejects.toMatchObject(cancelled);
      await expect(objects.stat('failed/fired', signal)).rejects.toMatchObject(cancelled);
      await expect(objects.read('failed/fired', { signal })).rejects.toMatchObject(cancelled);
      await expect(listOf(objects.list('', { signal }))).rejects.toMatchObject(cancelled);
      await expectNothing('failed/fired');
    });
  });

  describe('conditional writes', () => {
    it('create only where the key is absent', async () => {
      await put('conditions/created', 'first', 'absent');
      await expect(put('conditions/created', 'second', 'absent')).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await get('conditions/created')).toBe('first');
    });

    it('replace only what the caller has read', async () => {
      const first = await put('conditions/replaced', 'first');
      const second = await put('conditions/replaced', 'second', { etag: first.etag });
      await expect(put('conditions/replaced', 'third', { etag: first.etag })).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await get('conditions/replaced')).toBe('second');
      await objects.remove('conditions/replaced');
      await expect(put('conditions/replaced', 'fourth', { etag: second.etag })).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await get('conditions/replaced')).toBeUndefined();
      expect((await leftovers?.()) ?? []).toEqual([]);
    });

    const racers = Array.from({ length: 12 }, (_, index) => `racer ${index}`);
    const race = async (attempt: (content: string) => Promise<unknown>): Promise<string> => {
      const outcomes = await Promise.allSettled(racers.map(attempt));
      const winners = racers.filter((_, index) => outcomes[index]?.status === 'fulfilled');
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CONFLICT' });
      }
      expect(winners).toHaveLength(1);
      return winners[0] ?? '';
    };

    it('let exactly one of many concurrent creators win', async () => {
      for (let round = 0; round < 5; round += 1) {
        const key = `races/created-${round}`;
        const winner = await race((content) => put(key, content, 'absent'));
        expect(await get(key)).toBe(winner);
      }
    });

    it('let exactly one of many concurrent replacers win', async () => {
      for (let round = 0; round < 5; round += 1) {
        const key = `races/replaced-${round}`;
        const { etag } = await put(key, 'start');
        const winner = await race((content) => put(key, content, { etag }));
        expect(await get(key)).toBe(winner);
      }
    });

    it('are not needed: writers without a condition all succeed, and one of them is the last', async () => {
      for (let round = 0; round < 3; round += 1) {
        const key = `races/unconditional-${round}`;
        await Promise.all(racers.map((content) => put(key, content)));
        expect(racers).toContain(await get(key));
      }
    });

    it('hold for large objects too', async () => {
      const first = sampleBytes(largeBytes, 11);
      const second = sampleBytes(largeBytes, 12);
      const write = (bytes: Uint8Array, condition: WriteCondition) =>
        objects.write('races/large', inPieces(bytes, mebibyte), { sizeBytes: largeBytes, condition });
      const written = await write(first, 'absent');
      await expect(write(second, 'absent')).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(write(second, { etag: 'another' })).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await objects.stat('races/large')).toMatchObject(written);
      await write(second, { etag: written.etag });
      const found = await objects.read('races/large');
      expect(found && Buffer.compare(await collect(found.bytes), second)).toBe(0);
      expect((await leftovers?.()) ?? []).toEqual([]);
    });
  });

  describe('lists', () => {
    it('give keys in ascending order, by prefix and after a key', async () => {
      const keys = ['order/a-b', 'order/a/x', 'order/a/y/z', 'order/a0', 'order/b/@/t', 'order/b/0', 'order/b/c/@/t', 'orders/x'];
      for (const key of [...keys].reverse()) await put(key, key);
      const names = async (prefix: string, after?: string) =>
        (await listOf(objects.list(prefix, { ...(after !== undefined && { after }) }))).map(({ key }) => key);
      const inOrder = keys.filter((key) => key.startsWith('order/')).sort();
      expect(await names('order/')).toEqual(inOrder);
      expect(await names('order')).toEqual([...keys].sort());
      expect(await names('order/a')).toEqual(['order/a-b', 'order/a/x', 'order/a/y/z', 'order/a0']);
      expect(await names('order/a/')).toEqual(['order/a/x', 'order/a/y/z']);
      expect(await names('order/nothing')).toEqual([]);
      for (const after of [...inOrder, 'order/', 'order/a', 'order/a/', 'order/a/~', 'order/a/y/', 'order/b/@', 'order/zz', 'a', 'z']) {
        expect(await names('order/', after)).toEqual(inOrder.filter((key) => key > after));
      }
    });

    it('go on over more than a thousand keys', async () => {
      const count = 1203;
      const keys = Array.from({ length: count }, (_, index) => `many/${String(index).padStart(5, '0')}`);
      const queue = [...keys];
      const worker = async (): Promise<void> => {
        for (let key = queue.pop(); key !== undefined; key = queue.pop()) await put(key, 'x');
      };
      await Promise.all(Array.from({ length: 24 }, worker));
      expect((await listOf(objects.list('many/'))).map(({ key }) => key)).toEqual(keys);
      expect((await listOf(objects.list('many/', { after: 'many/00999' }))).map(({ key }) => key)).toEqual(keys.slice(1000));
    });
  });

  describe('reads that are not finished', () => {
    it('can be left at any point, and an unread one is released by its signal', async () => {
      const bytes = sampleBytes(largeBytes, 5);
      await objects.write('left/object', bytes, { sizeBytes: largeBytes });
      for (let round = 0; round < 60; round += 1) {
        const controller = new AbortController();
        const found = await objects.read('left/object', { signal: controller.signal });
        if (round % 2 === 0) for await (const piece of found?.bytes ?? []) if (piece.byteLength > 0) break;
        controller.abort();
      }
      // Still usable: neither connections nor files have run out.
      expect(await objects.stat('left/object')).toMatchObject({ sizeBytes: largeBytes });
    });

    it('end with CANCELLED when the signal fires on the way', async () => {
      const bytes = sampleBytes(largeBytes, 5);
      await objects.write('left/cancelled', bytes, { sizeBytes: largeBytes });
      const controller = new AbortController();
      const reading = async (): Promise<void> => {
        const found = await objects.read('left/cancelled', { signal: controller.signal });
        for await (const piece of found?.bytes ?? []) {
          expect(piece.byteLength).toBeGreaterThan(0);
          controller.abort();
          if (!isOutsideThisProcess) controller.signal.throwIfAborted();
        }
      };
      await expect(reading()).rejects.toMatchObject(isOutsideThisProcess ? { code: 'CANCELLED' } : { name: 'AbortError' });
    });
  });

  if (!isOutsideThisProcess) return;
  it('streams both ways in bounded memory', async () => {
    const piece = sampleBytes(65_536, 9);
    const sizeBytes = 128 * mebibyte;
    const buffersAtStart = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const sampled = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const item of source) {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - buffersAtStart);
        yield item;
      }
    };
    await objects.write('bounded/object', sampled(repeated(piece, sizeBytes / piece.byteLength)), { sizeBytes });
    let readBytes = 0;
    const found = await objects.read('bounded/object');
    for await (const item of sampled(found?.bytes ?? repeated(piece, 0))) readBytes += item.byteLength;
    expect(readBytes).toBe(sizeBytes);
    expect(peak).toBeLessThan(100 * mebibyte);
    await objects.remove('bounded/object');
  });
}
