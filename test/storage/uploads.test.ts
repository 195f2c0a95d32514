import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../core/index.ts';
import { createBlobStore, createCatalog, createMemoryObjects, createUploads, linkOlderSnapshots } from '../../storage/index.ts';
import { publishImage } from '../support/published-image.ts';
import { inPieces, listOf, sampleBytes } from '../support/stream-samples.ts';

const clock = () => new Date();

describe('a blob that comes to be stored while it is being sent', () => {
  it.each([1000, 9_000_000])('is not given to one who sends other bytes: %i of them', async (size) => {
    const bytes = sampleBytes(size, 1);
    const blob = { digest: digestOf(bytes), sizeBytes: size };
    const objects = createMemoryObjects();
    await createBlobStore(objects).write(blob, bytes);
    // As the store was a moment before: it says that it does not have the blob, and then refuses to write it again.
    const before = { ...objects, stat: async (key: string) => (key.startsWith('blobs/') ? undefined : objects.stat(key)) };
    const uploads = createUploads(before, createBlobStore(before), { clock, newId: randomUUID });
    for (const options of [{}, { sizeBytes: size }]) {
      const other = sampleBytes(size, 2);
      await expect(uploads.receive('a', blob.digest, inPieces(other, 65_536), options)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(await uploads.receive('a', blob.digest, inPieces(bytes, 65_536), options)).toEqual(blob);
    }
  });
});

describe('snapshots of an older version', () => {
  it('are linked to what they name, once', async () => {
    const objects = createMemoryObjects();
    const blobs = createBlobStore(objects);
    const catalog = createCatalog(objects, { clock });
    const layers = [[{ path: 'snapshot/a', bytes: sampleBytes(1000, 1) }]];
    await publishImage({ blobs, catalog }, { repository: 'old', tag: 'one', layers });
    await publishImage({ blobs, catalog }, { repository: 'old', tag: 'two', layers: [...layers, ...layers] });
    await publishImage({ blobs, catalog }, { repository: 'new', tag: 'one', layers });
    const expected = await listOf(catalog.links('old'));
    for (const { digest } of expected) await catalog.removeLink('old', digest);
    const [kept] = await listOf(catalog.links('new'));
    await catalog.removeLink('new', kept?.digest ?? digestOf(''));
    expect(await linkOlderSnapshots(catalog)).toBe(2);
    expect((await listOf(catalog.links('old'))).map(({ digest, blob }) => [digest, blob])).toEqual(
      expected.map(({ digest, blob }) => [digest, blob]),
    );
    expect(await listOf(catalog.links('new'))).toHaveLength(1);
    expect(await linkOlderSnapshots(catalog)).toBe(0);
  });
});
