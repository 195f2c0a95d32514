import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { type BlobStore, contentDigestOf, digestOf, type ObjectStore, type Uploads } from '../../core/index.ts';
import { createBlobStore, createUploads } from '../../storage/index.ts';
import { collect, failing, inPieces, listOf, sampleBytes } from '../support/stream-samples.ts';

const repository = 'team/dynamease';
const hour = 60 * 60 * 1000;
const sha512 = `sha512:${'0'.repeat(128)}` as const;

/** Holds uploads, over one adapter, to the contract in core/uploads.ts. `open` gives a new, empty object store. */
export function uploadsContract(open: () => Promise<ObjectStore>): void {
  let objects: ObjectStore;
  let blobs: BlobStore;
  let uploads: Uploads;
  let now = Date.UTC(2024, 4, 1);
  /** As another process has them. */
  const reopened = (): Uploads => createUploads(objects, createBlobStore(objects), { clock: () => new Date(now), newId: randomUUID });
  beforeEach(async () => {
    objects = await open();
    blobs = createBlobStore(objects);
    uploads = reopened();
  });

  const keys = async (prefix = '') => (await listOf(objects.list(prefix))).map(({ key }) => key);
  const stored = async (digest: ReturnType<typeof digestOf>): Promise<Uint8Array> => collect((await blobs.read(digest)).bytes);

  it('take a blob in parts, each by another process', async () => {
    const bytes = sampleBytes(9_500_000, 1);
    const { id, sizeBytes } = await uploads.begin(repository);
    expect(sizeBytes).toBe(0);
    for (const [start, end] of [
      [0, 1],
      [1, 5_000_001],
      [5_000_001, 5_000_001],
      [5_000_001, 9_500_000],
    ] as const) {
      const other = reopened();
      const upload = await other.find(repository, id);
      if (!upload) throw new Error('an upload expected');
      expect(upload.sizeBytes).toBe(start);
      const after = await other.append(upload, inPieces(bytes.subarray(start, end), 70_001));
      expect(after.sizeBytes).toBe(end);
      expect(await uploads.find(repository, id)).toEqual(after);
    }
    const whole = await uploads.find(repository, id);
    if (!whole) throw new Error('an upload expected');
    const blob = await reopened().complete(whole, digestOf(bytes));
    expect(blob).toEqual({ digest: digestOf(bytes), sizeBytes: bytes.byteLength });
    expect(Buffer.compare(await stored(blob.digest), bytes)).toBe(0);
    expect(await uploads.find(repository, id)).toBeUndefined();
    expect(await keys('uploads/')).toEqual([]);
  });

  it('are found in their repository only', async () => {
    const { id } = await uploads.begin(repository);
    expect(await uploads.find(repository, id)).toBeDefined();
    for (const other of ['team', 'dynamease', `${repository}/x`]) expect(await uploads.find(other, id)).toBeUndefined();
    for (const unknown of [randomUUID(), '', '..', 'session', `${id}x`, '../../tags/a/@/b'])
      expect(await uploads.find(repository, unknown)).toBeUndefined();
  });

  it('let exactly one of several appends win, and keep nothing of the others', async () => {
    const upload = await uploads.begin(repository);
    const parts = Array.from({ length: 6 }, (_, index) => sampleBytes(100_000 + index, index));
    const outcomes = await Promise.allSettled(parts.map((part) => reopened().append(upload, inPieces(part, 30_000))));
    const winners = parts.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CONFLICT' });
    const [winner] = winners;
    const now = await uploads.find(repository, upload.id);
    if (!now || !winner) throw new Error('an upload expected');
    expect(now.sizeBytes).toBe(winner.byteLength);
    expect(await keys('uploads/')).toHaveLength(2);
    await uploads.complete(now, digestOf(winner));
    expect(Buffer.compare(await stored(digestOf(winner)), winner)).toBe(0);
  });

  it('are as they were after an append that failed', async () => {
    const upload = await uploads.append(await uploads.begin(repository), inPieces(sampleBytes(10, 1), 5));
    const before = await keys();
    await expect(uploads.append(upload, failing(sampleBytes(9_000_000, 2), new Error('gone')))).rejects.toThrow('gone');
    expect(await keys()).toEqual(before);
    expect(await uploads.find(repository, upload.id)).toEqual(upload);
    await uploads.cancel(upload);
    await expect(uploads.append(upload, inPieces(sampleBytes(10, 1), 5))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await keys()).toEqual([]);
  });

  it('leave nothing where the digest is wrong', async () => {
    const bytes = sampleBytes(5_000_000, 3);
    const wrong = digestOf('something else');
    for (const digest of [wrong, contentDigestOf(new Uint8Array(1), sha512)]) {
      const upload = await uploads.append(await uploads.begin(repository), inPieces(bytes, 100_000));
      await expect(uploads.complete(upload, digest)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      await expect(uploads.receive(repository, digest, inPieces(bytes, 100_000))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      const sized = { sizeBytes: bytes.byteLength };
      await expect(uploads.receive(repository, digest, inPieces(bytes, 100_000), sized)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      await expect(uploads.receive(repository, digest, inPieces(bytes.subarray(0, 9), 2))).rejects.toMatchObject({
        code: 'DIGEST_MISMATCH',
      });
    }
    expect(await keys()).toEqual([]);
  });

  describe('a whole blob', () => {
    it.each([0, 1, 4 * 1024 * 1024 - 1, 4 * 1024 * 1024, 9_000_000])('of %i bytes is taken at once, its size told or not', async (size) => {
      for (const [index, options] of [{}, { sizeBytes: size }].entries()) {
        const bytes = sampleBytes(size, 10 + index);
        const blob = await uploads.receive(repository, digestOf(bytes), inPieces(bytes, 65_536), options);
        expect(blob).toEqual({ digest: digestOf(bytes), sizeBytes: size });
        expect(Buffer.compare(await stored(blob.digest), bytes)).toBe(0);
      }
      expect(await keys('uploads/')).toEqual([]);
    });

    it('is stored under its SHA-256 when it was named by SHA-512', async () => {
      for (const size of [1000, 5_000_000]) {
        const bytes = sampleBytes(size, 20);
        for (const options of [{}, { sizeBytes: size }]) {
          const blob = await uploads.receive(repository, contentDigestOf(bytes, sha512), inPieces(bytes, 65_536), options);
          expect(blob).toEqual({ digest: digestOf(bytes), sizeBytes: size });
        }
        expect(Buffer.compare(await stored(digestOf(bytes)), bytes)).toBe(0);
      }
      expect(await keys('uploads/')).toEqual([]);
    });

    it('must be sent by one who wants it, although it is stored', async () => {
      for (const size of [1000, 5_000_000]) {
        const bytes = sampleBytes(size, 30);
        const digest = digestOf(bytes);
        await blobs.write({ digest, sizeBytes: size }, bytes);
        const other = sampleBytes(size, 31);
        for (const options of [{}, { sizeBytes: size }]) {
          await expect(uploads.receive(repository, digest, inPieces(other, 65_536), options)).rejects.toMatchObject({
            code: 'DIGEST_MISMATCH',
          });
          expect(await uploads.receive(repository, digest, inPieces(bytes, 65_536), options)).toEqual({ digest, sizeBytes: size });
        }
        const upload = await uploads.append(await uploads.begin(repository), inPieces(other, 65_536));
        await expect(uploads.complete(upload, digest)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
        expect(Buffer.compare(await stored(digest), bytes)).toBe(0);
      }
    });

    it('may be sent by many at once', async () => {
      const bytes = sampleBytes(5_000_000, 40);
      const wanted = { digest: digestOf(bytes), sizeBytes: bytes.byteLength };
      const receive = (options: { sizeBytes?: number }) => reopened().receive(repository, wanted.digest, inPieces(bytes, 65_536), options);
      const received = await Promise.all([{}, wanted, {}, wanted].map(receive));
      for (const blob of received) expect(blob).toEqual(wanted);
      expect(Buffer.compare(await stored(wanted.digest), bytes)).toBe(0);
    });

    it('leaves nothing when its source fails', async () => {
      const bytes = sampleBytes(9_000_000, 50);
      for (const options of [{}, { sizeBytes: bytes.byteLength }]) {
        const broken = failing(bytes.subarray(0, 8_500_000), new Error('gone'));
        await expect(uploads.receive(repository, digestOf(bytes), broken, options)).rejects.toThrow('gone');
      }
      expect(await keys()).toEqual([]);
    });
  });

  it('go when they are abandoned, and what a crash left goes with them', async () => {
    const old = await uploads.append(await uploads.begin(repository), inPieces(sampleBytes(100, 1), 10));
    const resumed = await uploads.begin(repository);
    const withoutSession = await uploads.append(await uploads.begin(repository), inPieces(sampleBytes(100, 2), 10));
    await objects.remove(`uploads/${withoutSession.id}/session`);
    now += 2 * hour;
    const before = new Date(now - hour);
    const continued = await uploads.append(resumed, inPieces(sampleBytes(100, 3), 10));
    const young = await uploads.begin(repository);
    const orphanOfNow = await uploads.append(await uploads.begin(repository), inPieces(sampleBytes(100, 4), 10));
    await objects.remove(`uploads/${orphanOfNow.id}/session`);
    expect(await uploads.removeAbandoned(before)).toBe(2);
    expect(await uploads.find(repository, old.id)).toBeUndefined();
    expect(await uploads.find(repository, resumed.id)).toEqual(continued);
    expect(await uploads.find(repository, young.id)).toEqual(young);
    expect(new Set((await keys('uploads/')).map((key) => key.split('/')[1]))).toEqual(new Set([resumed.id, young.id, orphanOfNow.id]));
    now += 3 * hour;
    expect(await uploads.removeAbandoned(new Date(now))).toBe(3);
    expect(await keys()).toEqual([]);
  });
}
