import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BlobInfo, type BlobStore, type Digest, digestHex, digestOf, type ObjectStore } from '../../core/index.ts';
import { createBlobStore, createCheckedBlobs, createFolderObjects } from '../../storage/index.ts';
import { collect, sampleBytes } from '../support/stream-samples.ts';

const goodForMs = 1_000;
const damagedForMs = 100;
const durations = { goodForMs, damagedForMs };

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-checked-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const infoOf = (bytes: Uint8Array): BlobInfo => ({ digest: digestOf(bytes), sizeBytes: bytes.byteLength });
const fileOf = (digest: Digest): string => join(folder, 'blobs/sha256', digestHex(digest));

/** Turns one bit of the file, and lets it look as if nobody had written to it. */
async function damage(digest: Digest, at: number): Promise<void> {
  const times = join(folder, 'times');
  execFileSync('touch', ['-r', fileOf(digest), times]);
  const file = await open(fileOf(digest), 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at);
  await file.close();
  execFileSync('touch', ['-r', times, fileOf(digest)]);
  const [was, is] = await Promise.all([times, fileOf(digest)].map((path) => stat(path, { bigint: true })));
  expect(is?.mtimeNs).toBe(was?.mtimeNs);
}

describe('what was found of a blob', () => {
  const blob = digestOf('blob');
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    yield sampleBytes(10, 1);
    yield sampleBytes(10, 2);
  };

  it('counts for a while, and for the state in which it was read to its end', async () => {
    let nowMs = 0;
    const checked = createCheckedBlobs({ ...durations, nowMs: () => nowMs });
    for await (const _piece of checked.noted(blob, 'one', pieces())) break;
    expect(checked.isGood(blob, 'one')).toBe(false);
    await collect(checked.noted(blob, 'one', pieces()));
    expect(checked.isGood(blob, 'one')).toBe(true);
    expect(checked.isGood(blob, 'two')).toBe(false);
    expect(checked.isGood(digestOf('another'), 'one')).toBe(false);
    nowMs = goodForMs;
    expect(checked.isGood(blob, 'one')).toBe(false);
  });
});

describe('blobs that clients are given', () => {
  let objects: ObjectStore;
  let nowMs = 0;
  let damaged: Digest[] = [];
  /** Objects read from their beginning, each as its key. */
  let read: string[] = [];
  const serve = async (): Promise<BlobStore> => {
    const stored = await createFolderObjects({ folder, newId: randomUUID });
    objects = {
      ...stored,
      read: (key, options) => {
        if ((options?.range?.start ?? 0) === 0) read.push(key);
        return stored.read(key, options);
      },
    };
    read = [];
    damaged = [];
    return createBlobStore(objects, {
      checked: createCheckedBlobs({ ...durations, nowMs: () => nowMs, onDamaged: (digest) => damaged.push(digest) }),
    });
  };
  const bytesOf = async (blobs: BlobStore, digest: Digest, range?: { start: number; end: number }) =>
    collect((await blobs.read(digest, range && { range })).bytes);
  const refused = (digest: Digest) => ({ code: 'DIGEST_MISMATCH', message: expect.stringContaining(digest) });

  it('are hashed again as soon as their file was written to, whatever its times say, and refused from then on', async () => {
    const blobs = await serve();
    const bytes = sampleBytes(700_000, 5);
    const { digest } = infoOf(bytes);
    await blobs.write(infoOf(bytes), bytes);
    for (let pull = 0; pull < 2; pull += 1) expect(Buffer.compare(await bytesOf(blobs, digest), bytes)).toBe(0);
    await damage(digest, 699_000);
    await expect(bytesOf(blobs, digest)).rejects.toMatchObject(refused(digest));
    expect(damaged).toEqual([digest]);
    const reads = read.length;
    await expect(bytesOf(blobs, digest)).rejects.toMatchObject(refused(digest));
    await expect(bytesOf(blobs, digest, { start: 0, end: 10 })).rejects.toMatchObject(refused(digest));
    await expect(blobs.stat(digest)).rejects.toMatchObject(refused(digest));
    expect(read.length).toBe(reads);
    // Looked at again, but no byte of it goes out before it is found good.
    nowMs += damagedForMs;
    let sentBytes = 0;
    const pull = async (): Promise<void> => {
      for await (const piece of (await blobs.read(digest)).bytes) sentBytes += piece.byteLength;
    };
    await expect(pull()).rejects.toMatchObject(refused(digest));
    expect(sentBytes).toBe(0);
    await writeFile(fileOf(digest), bytes);
    expect(Buffer.compare(await bytesOf(blobs, digest), bytes)).toBe(0);
    expect(await blobs.stat(digest)).toEqual(infoOf(bytes));
  });

  it('are given in ranges only when they were verified whole, once for all who ask at the same time', async () => {
    const blobs = await serve();
    const bytes = sampleBytes(900_000, 6);
    const { digest } = infoOf(bytes);
    await blobs.write(infoOf(bytes), bytes);
    read = [];
    const range = { start: 1_000, end: 2_000 };
    const parts = await Promise.all([1, 2, 3].map(() => bytesOf(blobs, digest, range)));
    for (const part of parts) expect(Buffer.compare(part, bytes.subarray(1_000, 2_000))).toBe(0);
    expect(read).toEqual([`blobs/sha256/${digestHex(digest)}`]);
    await damage(digest, 899_999);
    await expect(bytesOf(blobs, digest, range)).rejects.toMatchObject(refused(digest));
    await expect((await serve()).read(digest, { range })).rejects.toMatchObject(refused(digest));
  });

  it('are not read on when whoever wanted a range is gone', async () => {
    const blobs = await serve();
    const bytes = sampleBytes(4_000_000, 7);
    const { digest } = infoOf(bytes);
    await blobs.write(infoOf(bytes), bytes);
    const range = { start: 5, end: 6 };
    const leaving = new AbortController();
    const gone = blobs.read(digest, { range, signal: leaving.signal });
    const staying = bytesOf(blobs, digest, range);
    leaving.abort();
    await expect(gone).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(Buffer.compare(await staying, bytes.subarray(5, 6))).toBe(0);
  });

  it('of pieces are given in ranges only of pieces that are good', async () => {
    const blobs = await serve();
    const [first, second] = [sampleBytes(300_000, 8), sampleBytes(200_000, 9)];
    for (const piece of [first, second]) await blobs.write(infoOf(piece), piece);
    const segments = [{ bytes: sampleBytes(512, 10) }, { blob: infoOf(first) }, { blob: infoOf(second) }];
    const { digest } = await blobs.compose(segments);
    const whole = Buffer.concat([sampleBytes(512, 10), first, second]);
    const across = { start: 300_000, end: 301_000 };
    expect(Buffer.compare(await bytesOf(blobs, digest, across), whole.subarray(300_000, 301_000))).toBe(0);
    await damage(infoOf(second).digest, 150_000);
    await expect(bytesOf(blobs, digest, across)).rejects.toMatchObject(refused(infoOf(second).digest));
    expect(Buffer.compare(await bytesOf(blobs, digest, { start: 100, end: 1_000 }), whole.subarray(100, 1_000))).toBe(0);
    await expect(bytesOf(blobs, digest)).rejects.toMatchObject(refused(digest));
    await writeFile(fileOf(infoOf(second).digest), second);
    nowMs += damagedForMs;
    expect(Buffer.compare(await bytesOf(blobs, digest), whole)).toBe(0);
  });
});
