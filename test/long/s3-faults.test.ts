import { HeadObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { S3Objects } from '../../storage/s3-objects.ts';
import { objectStoreContract } from '../contracts/object-store.ts';
import { describeWithEngine } from '../support/engine.ts';
import { type FaultKind, type FaultProxy, type ProxiedRequest, startFaultProxy } from '../support/fault-proxy.ts';
import { type S3Fixture, startS3Fixture } from '../support/s3-store.ts';
import { runWorkload } from '../support/storage-workload.ts';
import { collect, inPieces, sampleBytes } from '../support/stream-samples.ts';

const seed = 20_240_501;
const share = 0.3;
const largeBytes = 20 * 1024 * 1024;

describeWithEngine('S3 behind a network that fails', () => {
  let fixture: S3Fixture;
  const proxies: FaultProxy[] = [];
  beforeAll(async () => {
    fixture = await startS3Fixture('dyn-data-faults');
  });
  afterAll(async () => {
    await fixture?.stop();
    for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
  });

  const proxied = async (faultShare: number): Promise<FaultProxy> => {
    const proxy = await startFaultProxy({ target: fixture.server.endpoint, seed, share: faultShare });
    proxies.push(proxy);
    return proxy;
  };
  /** Requests that are not answered are given up soon, so that the test is over in time. */
  const open = (proxy: FaultProxy, prefix: string, retryForMs?: number): Promise<S3Objects> =>
    fixture.open({
      endpoint: proxy.url,
      prefix,
      requestTimeoutMs: 3_000,
      openingRetryForMs: 60_000,
      ...(retryForMs === undefined ? {} : { retryForMs }),
    });

  describe('that loses 30 % of all requests', () => {
    let proxy: FaultProxy;
    objectStoreContract({
      open: async () => {
        proxy = await proxied(share);
        return open(proxy, 'contract/');
      },
      isOutsideThisProcess: true,
    });
    it('met every kind of fault on the way', () => {
      expect(proxy.requestCount).toBeGreaterThan(1_000);
      for (const [kind, count] of Object.entries(proxy.faults)) expect([kind, count > 10]).toEqual([kind, true]);
    });
  });

  it('keeps what it acknowledged to two writers at 30 % of failing requests', async () => {
    const proxy = await proxied(share);
    const stores = [await open(proxy, 'work/'), await open(proxy, 'work/')];
    const { blobs } = await runWorkload({ stores, rounds: 12 }, await fixture.open({ prefix: 'work/' }));
    expect(blobs).toBeGreaterThan(200);
  });

  it('is waited for when it is away for a while', async () => {
    const proxy = await proxied(0);
    const stores = [await open(proxy, 'away/'), await open(proxy, 'away/')];
    const awayMs = 6_000;
    const back: Promise<void>[] = [];
    const onRound = (writer: number, round: number): void => {
      if (writer !== 0 || round !== 4) return;
      setTimeout(() => proxy.leave(), 20);
      back.push(new Promise((resolve) => setTimeout(resolve, awayMs)).then(() => proxy.comeBack()));
    };
    await runWorkload({ stores, rounds: 8, onRound }, await fixture.open({ prefix: 'away/' }));
    await Promise.all(back);
    expect(back).toHaveLength(1);
  });

  it('is given up, and can be cancelled, when it stays away', async () => {
    const proxy = await proxied(0);
    const objects = await open(proxy, 'gone/', 1_500);
    proxy.leave();
    const unreachable = { code: 'STORAGE_UNREACHABLE' };
    const bytes = sampleBytes(largeBytes, 1);
    await expect(objects.stat('a/b')).rejects.toMatchObject(unreachable);
    await expect(objects.write('a/b', Uint8Array.of(1), { sizeBytes: 1 })).rejects.toMatchObject(unreachable);
    await expect(objects.write('a/b', inPieces(bytes, 65_536), { sizeBytes: largeBytes })).rejects.toMatchObject(unreachable);
    const patient = await (async () => {
      proxy.comeBack();
      return open(proxy, 'gone/');
    })();
    proxy.leave();
    const startedAt = performance.now();
    const signal = AbortSignal.timeout(700);
    await expect(patient.write('a/c', Uint8Array.of(1), { sizeBytes: 1, signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });

  describe('that loses one answer', () => {
    let proxy: FaultProxy;
    let objects: S3Objects;
    beforeAll(async () => {
      proxy = await proxied(0);
      objects = await open(proxy, 'lost/');
    });
    afterEach(() => proxy.setShare(0));
    const put =
      (key: string) =>
      ({ method, url }: ProxiedRequest): boolean =>
        method === 'PUT' && url.includes(key);
    const completion = ({ method, url }: ProxiedRequest): boolean => method === 'POST' && url.includes('uploadId=');
    const text = (content: string): Uint8Array => new TextEncoder().encode(content);
    const lost: FaultKind[] = ['lost-answer', 'held-answer'];

    it.each(lost)('knows its own write again (%s)', async (kind) => {
      proxy.once(kind, put(`created-${kind}`));
      const created = await objects.write(`lost/created-${kind}`, text('mine'), { sizeBytes: 4, condition: 'absent' });
      expect(await objects.stat(`lost/created-${kind}`)).toMatchObject(created);
      proxy.once(kind, put(`created-${kind}`));
      const condition = { etag: created.etag };
      const replaced = await objects.write(`lost/created-${kind}`, text('again'), { sizeBytes: 5, condition });
      expect(await objects.stat(`lost/created-${kind}`)).toMatchObject(replaced);
      expect(proxy.faults[kind]).toBeGreaterThanOrEqual(2);
    });

    it('takes another one for no write of its own, though the bytes are the same', async () => {
      await objects.write('lost/other', text('same'), { sizeBytes: 4 });
      proxy.once('no-answer', put('lost/other'));
      await expect(objects.write('lost/other', text('same'), { sizeBytes: 4, condition: 'absent' })).rejects.toMatchObject({
        code: 'CONFLICT',
      });
    });

    it.each(lost)('knows its own upload in parts again (%s)', async (kind) => {
      const bytes = sampleBytes(largeBytes, 6);
      const key = `lost/parts-${kind}`;
      for (const condition of ['absent', undefined] as const) {
        proxy.once(kind, completion);
        const written = await objects.write(key, inPieces(bytes, 100_000), { sizeBytes: largeBytes, ...(condition && { condition }) });
        expect(await objects.stat(key)).toMatchObject(written);
      }
      const found = await objects.read(key);
      expect(found && Buffer.compare(await collect(found.bytes), bytes)).toBe(0);
      const { Uploads } = await fixture.client.send(new ListMultipartUploadsCommand({ Bucket: fixture.bucket, Prefix: 'lost/' }));
      expect(Uploads ?? []).toEqual([]);
    });

    it('goes on with a download that is cut or falls silent', async () => {
      const bytes = sampleBytes(largeBytes, 8);
      await objects.write('lost/read', bytes, { sizeBytes: largeBytes });
      for (const kind of ['truncated-body', 'stalled-body'] as const) {
        proxy.once(kind, ({ method, url }) => method === 'GET' && url.includes('lost/read'));
        const before = proxy.requestCount;
        const found = await objects.read('lost/read');
        expect(found && Buffer.compare(await collect(found.bytes), bytes)).toBe(0);
        expect(proxy.requestCount - before).toBe(2);
      }
    });

    it('marks what it writes with the write, not with anything of the data', async () => {
      await objects.write('lost/marked', text('marked'), { sizeBytes: 6 });
      const { Metadata } = await fixture.client.send(new HeadObjectCommand({ Bucket: fixture.bucket, Key: 'lost/lost/marked' }));
      expect(Metadata).toEqual({ 'dyn-data-write': expect.stringMatching(/^[0-9a-f-]{36}$/) });
    });
  });
});
