import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Catalog,
  type ContentDigest,
  contentDigestOf,
  digestOf,
  mediaTypes,
  type ObjectStore,
  type SnapshotRecord,
  type StoredManifest,
} from '../../core/index.ts';
import { createCatalog } from '../../storage/index.ts';
import { listOf } from '../support/stream-samples.ts';

const repository = 'dynamease';
const longTag = 'A'.repeat(128);

function manifestOf(name: string): StoredManifest {
  const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, name, text: 'é \ud83d\ude00 \t' }));
  return { digest: digestOf(bytes), mediaType: mediaTypes.imageManifest, bytes };
}

const sha512 = `sha512:${'0'.repeat(128)}` as const;

/** A manifest with a config and a layer, which names another one as its subject where that is given. */
function imageOf(name: string, more: { readonly subject?: ContentDigest; readonly artifactType?: string } = {}): StoredManifest {
  const blob = (of: string) => ({ mediaType: 'application/octet-stream', digest: digestOf(`${name} ${of}`), size: 7 });
  const subject = more.subject && { mediaType: mediaTypes.imageManifest, digest: more.subject, size: 1 };
  const content = { schemaVersion: 2, ...more, subject, config: blob('config'), layers: [blob('layer')], annotations: { name } };
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  return { digest: digestOf(bytes), mediaType: mediaTypes.imageManifest, bytes };
}

function recordOf(manifest: StoredManifest, repositoryName: string, durationMs = 5): SnapshotRecord {
  return {
    version: 1,
    repository: repositoryName,
    digest: manifest.digest,
    environment: 'prod',
    manifestDigest: digestOf('manifest'),
    sizeBytes: 10,
    rows: 3,
    sources: [{ name: 'mysql', kind: 'mysql', tables: 1, rows: 3, consistent: true }],
    provenance: { takenAt: '2024-05-01T00:00:00.000Z', durationMs, skewMs: 0, sources: [] },
  };
}

/** Holds the catalog, over one adapter, to the contract in core/catalog.ts. `open` gives a new, empty object store. */
export function catalogContract(open: () => Promise<ObjectStore>): void {
  let objects: ObjectStore;
  let catalog: Catalog;
  let seconds = 0;
  beforeEach(async () => {
    objects = await open();
    catalog = createCatalog(objects, { clock: () => new Date(Date.UTC(2024, 4, 1, 0, 0, seconds++)) });
  });

  const stored = async (name: string, inRepository = repository): Promise<StoredManifest> => {
    const manifest = manifestOf(name);
    await catalog.putManifest(inRepository, manifest);
    return manifest;
  };

  describe('manifests', () => {
    it('come back byte for byte, and only from their repository', async () => {
      const manifest = await stored('one');
      expect(await catalog.manifest(repository, manifest.digest)).toEqual(manifest);
      expect(await catalog.manifest('other', manifest.digest)).toBeUndefined();
      expect(await catalog.manifest(repository, digestOf('missing'))).toBeUndefined();
      await catalog.putManifest(repository, manifest);
      await catalog.putManifest(repository, { ...manifest, mediaType: 'changed' });
      expect(await catalog.manifest(repository, manifest.digest)).toEqual(manifest);
    });

    it('are refused where bytes and digest do not fit, or where the bytes are no text', async () => {
      const manifest = manifestOf('one');
      const wrong = { ...manifest, digest: digestOf('else') };
      await expect(catalog.putManifest(repository, wrong)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      const binary = Uint8Array.of(0xff, 0xfe, 0);
      const noText = { ...manifest, bytes: binary, digest: digestOf(binary) };
      await expect(catalog.putManifest(repository, noText)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(await listOf(catalog.repositories())).toEqual([]);
    });

    it('are refused on reading when damaged', async () => {
      const manifest = await stored('one');
      const [object] = await listOf(objects.list('manifests/'));
      const changed = new TextEncoder().encode(JSON.stringify({ version: 1, mediaType: 'x', content: '{}' }));
      await objects.write(object?.key ?? '', changed, { sizeBytes: changed.byteLength });
      await expect(catalog.manifest(repository, manifest.digest)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    });
  });

  describe('manifests of a repository', () => {
    it('are listed in ascending order of their digests, by both algorithms, after a digest', async () => {
      const { bytes, mediaType } = manifestOf('by SHA-512');
      const other = { digest: contentDigestOf(bytes, sha512), mediaType, bytes };
      await catalog.putPushedManifest(repository, other);
      expect(await catalog.manifest(repository, other.digest)).toEqual(other);
      const digests: ContentDigest[] = [other.digest];
      for (let index = 0; index < 12; index += 1) digests.push((await stored(`listed ${index}`)).digest);
      digests.sort();
      expect((await listOf(catalog.manifests(repository))).map(({ digest }) => digest)).toEqual(digests);
      const after = digests[4] ?? '';
      expect((await listOf(catalog.manifests(repository, { after }))).map(({ digest }) => digest)).toEqual(digests.slice(5));
      await catalog.moveTag(repository, 'other', other.digest);
      expect((await catalog.tag(repository, 'other'))?.digest).toBe(other.digest);
    });

    it('go away with their tags and their snapshot, and nothing else goes', async () => {
      const one = imageOf('one');
      const two = imageOf('two');
      for (const manifest of [one, two]) {
        await catalog.putManifest(repository, manifest);
        await catalog.putManifest('other', manifest);
        await catalog.putSnapshot(recordOf(manifest, repository));
        await catalog.putSnapshot(recordOf(manifest, 'other'));
      }
      for (const tag of ['a', 'b']) await catalog.moveTag(repository, tag, one.digest);
      await catalog.moveTag(repository, 'c', two.digest);
      await catalog.moveTag('other', 'a', one.digest);
      const links = await listOf(catalog.links(repository));
      expect(await catalog.removeManifest(repository, one.digest)).toBe(true);
      expect(await catalog.removeManifest(repository, one.digest)).toBe(false);
      expect(await catalog.manifest(repository, one.digest)).toBeUndefined();
      expect(await catalog.snapshot(repository, one.digest)).toBeUndefined();
      expect((await listOf(catalog.tags(repository))).map(({ tag }) => tag)).toEqual(['c']);
      expect((await listOf(catalog.snapshots(repository))).map(({ digest }) => digest)).toEqual([two.digest]);
      expect(await listOf(catalog.links(repository))).toEqual(links);
      expect(await catalog.manifest('other', one.digest)).toEqual(one);
      expect((await catalog.tag('other', 'a'))?.digest).toBe(one.digest);
      expect(await catalog.snapshot('other', one.digest)).toBeDefined();
    });

    it('can be removed when damaged', async () => {
      const one = await stored('one');
      const [object] = await listOf(objects.list('manifests/'));
      await objects.write(object?.key ?? '', new TextEncoder().encode('{'), { sizeBytes: 1 });
      expect(await catalog.removeManifest(repository, one.digest)).toBe(true);
      expect(await catalog.manifest(repository, one.digest)).toBeUndefined();
    });
  });

  describe('links', () => {
    const blobOf = (name: string) => ({ digest: digestOf(name), sizeBytes: name.length });

    it('give a repository a blob, under the digest that it was asked for by', async () => {
      const blob = blobOf('blob');
      await catalog.putLink(repository, { digest: blob.digest, blob });
      await catalog.putLink(repository, { digest: sha512, blob });
      const link = await catalog.link(repository, sha512);
      expect(link).toEqual({ digest: sha512, blob, linkedAt: link?.linkedAt });
      expect(await catalog.link('other', blob.digest)).toBeUndefined();
      expect(await catalog.link(`${repository}/below`, blob.digest)).toBeUndefined();
      await catalog.putLink(repository, { digest: sha512, blob: blobOf('another') });
      expect(await catalog.link(repository, sha512)).toEqual(link);
      await catalog.removeLink(repository, sha512);
      await catalog.removeLink(repository, sha512);
      expect(await catalog.link(repository, sha512)).toBeUndefined();
      expect(await catalog.link(repository, blob.digest)).toMatchObject({ blob });
    });

    it('are listed in ascending order, after a digest', async () => {
      const blobs = Array.from({ length: 20 }, (_, index) => blobOf(`blob ${index}`));
      for (const blob of blobs) await catalog.putLink(repository, { digest: blob.digest, blob });
      const digests = blobs.map(({ digest }) => digest).sort();
      expect((await listOf(catalog.links(repository))).map(({ digest }) => digest)).toEqual(digests);
      const after = digests[7] ?? '';
      expect((await listOf(catalog.links(repository, { after }))).map(({ digest }) => digest)).toEqual(digests.slice(8));
    });

    it('are made for what a manifest of our own names, and not for what a pushed one names', async () => {
      const image = imageOf('ours');
      await catalog.putPushedManifest('pushed', image);
      expect(await listOf(catalog.links('pushed'))).toEqual([]);
      await catalog.putManifest(repository, image);
      expect((await listOf(catalog.links(repository))).map(({ blob }) => blob)).toEqual(
        [
          { digest: digestOf('ours config'), sizeBytes: 7 },
          { digest: digestOf('ours layer'), sizeBytes: 7 },
        ].sort((a, b) => (a.digest < b.digest ? -1 : 1)),
      );
    });

    it('make a repository known, as manifests do', async () => {
      expect(await catalog.hasRepository(repository)).toBe(false);
      await catalog.putLink(repository, { digest: sha512, blob: blobOf('blob') });
      await stored('one', 'a/b');
      await stored('two', repository);
      expect(await listOf(catalog.repositories())).toEqual(['a/b', repository]);
      expect(await catalog.hasRepository(repository)).toBe(true);
      expect(await catalog.hasRepository('a/b')).toBe(true);
      expect(await catalog.hasRepository('a')).toBe(false);
    });
  });

  describe('referrers', () => {
    it('are those manifests of the repository that name a subject, stored or not, by either way of putting them', async () => {
      const subject = imageOf('subject');
      const typed = imageOf('typed', { subject: subject.digest, artifactType: 'application/vnd.test' });
      const untyped = imageOf('untyped', { subject: subject.digest });
      await catalog.putManifest(repository, typed);
      await catalog.putPushedManifest(repository, untyped);
      await catalog.putManifest('other', imageOf('elsewhere', { subject: subject.digest }));
      await catalog.putManifest(repository, imageOf('of another', { subject: sha512 }));
      const expected = [
        { manifest: typed, artifactType: 'application/vnd.test', name: 'typed' },
        { manifest: untyped, artifactType: 'application/octet-stream', name: 'untyped' },
      ]
        .map(({ manifest: { digest, mediaType, bytes }, artifactType, name }) => ({
          mediaType,
          digest,
          size: bytes.byteLength,
          artifactType,
          annotations: { name },
        }))
        .sort((a, b) => (a.digest < b.digest ? -1 : 1));
      expect(await listOf(catalog.referrers(repository, subject.digest))).toEqual(expected);
      const after = expected[0]?.digest ?? '';
      expect(await listOf(catalog.referrers(repository, subject.digest, { after }))).toEqual(expected.slice(1));
      expect(await listOf(catalog.referrers(repository, digestOf('unknown')))).toEqual([]);
      await catalog.removeManifest(repository, typed.digest);
      expect((await listOf(catalog.referrers(repository, subject.digest))).map(({ digest }) => digest)).toEqual([untyped.digest]);
      await catalog.removeManifest(repository, subject.digest);
      expect(await listOf(catalog.referrers(repository, subject.digest))).toHaveLength(1);
    });

    it('are mended by putting the manifest again', async () => {
      const one = imageOf('one', { subject: sha512 });
      await catalog.putManifest(repository, one);
      for (const { key } of await listOf(objects.list('referrers/'))) await objects.remove(key);
      await catalog.putManifest(repository, one);
      expect((await listOf(catalog.referrers(repository, sha512))).map(({ digest }) => digest)).toEqual([one.digest]);
    });
  });

  describe('tags', () => {
    it('point to a stored manifest and move', async () => {
      const one = await stored('one');
      const two = await stored('two');
      expect(await catalog.tag(repository, 'prod')).toBeUndefined();
      const first = await catalog.moveTag(repository, 'prod', one.digest);
      expect(await catalog.tag(repository, 'prod')).toEqual(first);
      const second = await catalog.moveTag(repository, 'prod', two.digest);
      expect(second.etag).not.toBe(first.etag);
      expect(second.movedAt > first.movedAt).toBe(true);
      expect(await catalog.tag(repository, 'prod')).toEqual(second);
    });

    it('do not point to what is not stored, nor to another repository', async () => {
      const one = await stored('one', 'other');
      await expect(catalog.moveTag(repository, 'prod', one.digest)).rejects.toMatchObject({ code: 'SNAPSHOT_UNKNOWN' });
      expect(await catalog.tag(repository, 'prod')).toBeUndefined();
    });

    it('move only from the expected state', async () => {
      const one = await stored('one');
      const two = await stored('two');
      const first = await catalog.moveTag(repository, 'prod', one.digest, { expected: 'absent' });
      await expect(catalog.moveTag(repository, 'prod', two.digest, { expected: 'absent' })).rejects.toMatchObject({ code: 'CONFLICT' });
      await catalog.moveTag(repository, 'prod', two.digest, { expected: first });
      await expect(catalog.moveTag(repository, 'prod', one.digest, { expected: first })).rejects.toMatchObject({ code: 'CONFLICT' });
      expect((await catalog.tag(repository, 'prod'))?.digest).toBe(two.digest);
    });

    it('let exactly one of several concurrent movers win', async () => {
      const start = await stored('start');
      const targets = await Promise.all(Array.from({ length: 8 }, (_, index) => stored(`target ${index}`)));
      const state = await catalog.moveTag(repository, 'prod', start.digest);
      const outcomes = await Promise.allSettled(
        targets.map(({ digest }) => catalog.moveTag(repository, 'prod', digest, { expected: state })),
      );
      const winners = targets.filter((_, index) => outcomes[index]?.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      expect((await catalog.tag(repository, 'prod'))?.digest).toBe(winners[0]?.digest);
    });

    it('go away without their manifest', async () => {
      const one = await stored('one');
      await catalog.moveTag(repository, 'prod', one.digest);
      await catalog.removeTag(repository, 'prod');
      await catalog.removeTag(repository, 'never-there');
      expect(await catalog.tag(repository, 'prod')).toBeUndefined();
      expect(await catalog.manifest(repository, one.digest)).toEqual(one);
    });

    it('go away only from the expected state, and can be made anew', async () => {
      const one = await stored('one');
      const first = await catalog.moveTag(repository, 'prod', one.digest);
      const second = await catalog.moveTag(repository, 'prod', one.digest);
      await expect(catalog.removeTag(repository, 'prod', { expected: first })).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await catalog.tag(repository, 'prod')).toEqual(second);
      await catalog.removeTag(repository, 'prod', { expected: second });
      expect(await catalog.tag(repository, 'prod')).toBeUndefined();
      expect(await listOf(catalog.tags(repository))).toEqual([]);
      await expect(catalog.removeTag(repository, 'prod', { expected: second })).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(catalog.moveTag(repository, 'prod', one.digest, { expected: second })).rejects.toMatchObject({ code: 'CONFLICT' });
      const anew = await catalog.moveTag(repository, 'prod', one.digest, { expected: 'absent' });
      expect(await catalog.tag(repository, 'prod')).toEqual(anew);
    });

    it('let exactly one of several who move and remove it win, or make it anew', async () => {
      const target = await stored('target');
      for (let round = 0; round < 3; round += 1) {
        const state = await catalog.moveTag(repository, 'prod', target.digest);
        const move = () => catalog.moveTag(repository, 'prod', target.digest, { expected: state });
        const remove = () => catalog.removeTag(repository, 'prod', { expected: state });
        const outcomes = await Promise.allSettled([remove(), move(), remove(), move()]);
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        const isMoved = [outcomes[1], outcomes[3]].some((outcome) => outcome?.status === 'fulfilled');
        expect((await catalog.tag(repository, 'prod')) !== undefined).toBe(isMoved);

        const left = await catalog.tag(repository, 'prod');
        if (left) await catalog.removeTag(repository, 'prod', { expected: left });
        const make = () => catalog.moveTag(repository, 'prod', target.digest, { expected: 'absent' });
        const makers = await Promise.allSettled([make(), make(), make()]);
        expect(makers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      }
    });

    it('are listed in ascending order, apart by case, after a name', async () => {
      const one = await stored('one');
      const names = ['prod', 'Prod', 'PROD', 'a.b', 'a-b', '_x', '0', longTag, ...Array.from({ length: 8 }, (_, index) => `t${index}`)];
      for (const name of names) await catalog.moveTag(repository, name, one.digest);
      const sorted = [...names].sort();
      const listed = await listOf(catalog.tags(repository));
      expect(listed.map(({ tag }) => tag)).toEqual(sorted);
      expect(listed[0]).toEqual({ tag: '0', digest: one.digest, movedAt: listed[0]?.movedAt });
      for (const after of [...sorted, 'no-such-tag']) {
        expect((await listOf(catalog.tags(repository, { after }))).map(({ tag }) => tag)).toEqual(sorted.filter((tag) => tag > after));
      }
    });
  });

  it('keeps repositories apart whose names begin alike', async () => {
    const names = ['a', 'a/b', 'a/b/c', 'a-b', 'a0', 'a/0', 'manifests', 'a/tags', 'ab'];
    for (const name of names) {
      const manifest = await stored(`of ${name}`, name);
      await catalog.moveTag(name, 'b', manifest.digest);
      await catalog.moveTag(name, 'only', manifest.digest);
      await catalog.putSnapshot(recordOf(manifest, name));
    }
    expect(await listOf(catalog.repositories())).toEqual([...names].sort());
    for (const name of names) {
      const { digest } = manifestOf(`of ${name}`);
      expect((await listOf(catalog.tags(name))).map(({ tag, digest: of }) => [tag, of])).toEqual([
        ['b', digest],
        ['only', digest],
      ]);
      expect((await listOf(catalog.snapshots(name))).map((record) => record.repository)).toEqual([name]);
    }
  });

  describe('snapshots', () => {
    it('are found by digest, and the latest record of one replaces the earlier', async () => {
      const one = await stored('one');
      await catalog.putSnapshot(recordOf(one, repository));
      expect(await catalog.snapshot(repository, one.digest)).toEqual(recordOf(one, repository));
      await catalog.putSnapshot(recordOf(one, repository, 77));
      expect(await catalog.snapshot(repository, one.digest)).toEqual(recordOf(one, repository, 77));
      expect(await catalog.snapshot('other', one.digest)).toBeUndefined();
    });

    it('need their manifest', async () => {
      await expect(catalog.putSnapshot(recordOf(manifestOf('none'), repository))).rejects.toMatchObject({ code: 'SNAPSHOT_UNKNOWN' });
    });

    it('are listed in ascending order of their digests, after a digest', async () => {
      const digests: string[] = [];
      for (let index = 0; index < 25; index += 1) {
        const manifest = await stored(`number ${index}`);
        digests.push(manifest.digest);
        await catalog.putSnapshot(recordOf(manifest, repository));
      }
      digests.sort();
      expect((await listOf(catalog.snapshots(repository))).map(({ digest }) => digest)).toEqual(digests);
      const after = digests[10] ?? '';
      expect((await listOf(catalog.snapshots(repository, { after }))).map(({ digest }) => digest)).toEqual(digests.slice(11));
    });
  });
}
