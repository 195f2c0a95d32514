import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Digest, digestHex, digestOf, mediaTypes } from '../../../core/index.ts';
import { createDigestSet } from '../../../storage/collector/digest-set.ts';
import { createMemoryObjects, removeSnapshots } from '../../../storage/index.ts';
import { type CollectedStore, openCollectedStore, publishChunks, pullEverything, repository } from '../../support/collected-store.ts';
import { listOf } from '../../support/stream-samples.ts';

const hourMs = 60 * 60 * 1000;
const graceMs = 24 * hourMs;

let now = 0;
let store: CollectedStore;
const clock = (): Date => new Date(now);
beforeEach(() => {
  now = Date.UTC(2024, 4, 1);
  store = openCollectedStore(createMemoryObjects({ clock }), { clock, graceMs, newId: randomUUID, wait: async () => undefined });
});

const put = (key: string, value: unknown) => {
  const bytes = new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
  return store.objects.write(key, bytes, { sizeBytes: bytes.byteLength });
};
const putBlob = async (text: string): Promise<Digest> => {
  const digest = digestOf(text);
  await store.blobs.write({ digest, sizeBytes: text.length }, new TextEncoder().encode(text));
  return digest;
};
/** A manifest of any content, as a push leaves it. */
const putManifest = async (content: string): Promise<Digest> => {
  const digest = digestOf(content);
  await put(`manifests/${repository}/@/${digest}`, { version: 1, mediaType: 'application/json', content });
  return digest;
};
const keys = async (prefix: string): Promise<string[]> => (await listOf(store.objects.list(prefix))).map(({ key }) => key);
const hasBlob = async (digest: Digest): Promise<boolean> => (await keys(`blobs/sha256/${digestHex(digest)}`)).length > 0;
const takenAt = '2024-05-01T00:00:00.000Z';
const publish = async (chunks: string[][], tag?: string) =>
  publishChunks(await store.openWriter(), chunks, { takenAt, ...(tag === undefined ? {} : { tag }) });
/** As many runs, each a grace and a bit later, as it takes for what is unreached now to go. */
const collectTwice = async () => {
  now += graceMs + hourMs;
  const first = await store.run();
  now += graceMs + hourMs;
  return { first, second: await store.run() };
};

describe('the collector', () => {
  it('takes what nothing reaches, after two runs and two graces, and no earlier', async () => {
    const kept = await publish([['a', 'b'], ['c']], 'kept');
    const gone = await publish([['a', 'd'], ['e']]);
    const lone = await putBlob('uploaded and never named');
    await removeSnapshots(store.removal, repository, [{ digest: gone, tags: [], pins: [] }]);
    const before = (await keys('blobs/')).length;
    for (const waitMs of [0, graceMs - hourMs]) {
      now += waitMs;
      expect((await store.run()).kinds.blobs?.removed.count).toBe(0);
    }
    // The list of that time had nothing old in it. Now the candidates are listed, a little later it is too early, then they go.
    now += 2 * graceMs;
    expect((await store.run()).kinds.blobs).toMatchObject({ waiting: { count: 4 }, removed: { count: 0 } });
    now += graceMs - hourMs;
    expect((await store.run()).kinds.blobs).toMatchObject({ waiting: { count: 4 }, removed: { count: 0 } });
    now += 2 * hourMs;
    expect((await store.run(true)).kinds.blobs?.removed.count).toBe(4);
    expect((await keys('blobs/')).length).toBe(before);
    const { kinds, manifests } = await store.run();
    expect(manifests).toBe(1);
    expect(kinds).toMatchObject({ blobs: { removed: { count: 4 } }, layers: { kept: { count: 2 } } });
    expect(await hasBlob(lone)).toBe(false);
    expect(await pullEverything(store)).toEqual(new Set([kept]));
    // What only remembers where something was is gone too.
    expect((await keys('chunks/')).length).toBe(3);
    expect((await keys('recipes/')).length).toBe(2);
  });

  it('keeps what is reached by whatever way: indexes, unknown kinds, escaped JSON, other tags, nested layers', async () => {
    const [layer, config, strange, escaped] = [
      await putBlob('layer'),
      await putBlob('config'),
      await putBlob('strange'),
      await putBlob('escaped'),
    ];
    const image = await putManifest(JSON.stringify({ config: { digest: config }, layers: [{ digest: layer }] }));
    await putManifest(JSON.stringify({ mediaType: mediaTypes.imageManifest, manifests: [{ digest: image }] }));
    await putManifest(JSON.stringify({ mediaType: 'application/vnd.example.future', something: [{ inside: strange }] }));
    await putManifest(`{"layers":[{"digest":"${escaped.replace('sha', '\\u0073\\u0068a')}"}]}`);
    const inner = await store.blobs.compose([{ blob: { digest: await putBlob('in the inner layer'), sizeBytes: 18 } }]);
    const outer = await store.blobs.compose([{ bytes: new Uint8Array(3) }, { blob: inner }]);
    await putManifest(JSON.stringify({ layers: [{ digest: outer.digest }] }));
    await collectTwice();
    const { second } = await collectTwice();
    expect(second.kinds.blobs).toMatchObject({ kept: { count: 5 }, waiting: { count: 0 }, removed: { count: 0 } });
    expect(second.kinds.layers?.kept.count).toBe(2);
    for await (const piece of (await store.blobs.read(outer.digest)).bytes) void piece;
  });

  it('lets go of links that no manifest of their repository needs, and keeps what the others lead to, also by SHA-512', async () => {
    const [needed, other, unneeded] = [await putBlob('needed'), await putBlob('by sha-512'), await putBlob('unneeded')];
    const long = `sha512:${'ab'.repeat(64)}`;
    const link = (digest: string, blob: Digest) =>
      put(`links/${repository}/@/${digest}`, { version: 1, blob: { digest: blob, sizeBytes: 1 }, linkedAt: takenAt });
    await link(needed, needed);
    await link(long, other);
    await link(unneeded, unneeded);
    await put(`links/elsewhere/@/${needed}`, { version: 1, blob: { digest: needed, sizeBytes: 1 }, linkedAt: takenAt });
    await putManifest(JSON.stringify({ layers: [{ digest: needed }, { digest: long }] }));
    const { second } = await collectTwice();
    expect(await keys('links/')).toEqual([`links/${repository}/@/${needed}`, `links/${repository}/@/${long}`]);
    expect(second.kinds.links?.removed.count).toBe(2);
    expect([await hasBlob(needed), await hasBlob(other), await hasBlob(unneeded)]).toEqual([true, true, false]);
    // A link that is written again holds its blob, as a push does.
    const pushed = await putBlob('pushed');
    now += 3 * graceMs;
    await link(pushed, pushed);
    await store.run();
    now += graceMs - hourMs;
    await store.run();
    expect(await hasBlob(pushed)).toBe(true);
  });

  it('keeps what a link names that has to wait, and frees it after the link', async () => {
    const blob = await putBlob('stored for long, linked late');
    now += graceMs + hourMs;
    await store.run();
    await store.catalog.putLink('other/app', { digest: blob, blob: { digest: blob, sizeBytes: 28 } });
    now += 2 * graceMs;
    expect((await store.run(true)).kinds).toMatchObject({ blobs: { waiting: { count: 1 } }, links: { waiting: { count: 1 } } });
    expect((await store.run()).kinds).toMatchObject({ blobs: { waiting: { count: 1 } }, links: { waiting: { count: 1 } } });
    expect(await hasBlob(blob)).toBe(true);
    now += graceMs + hourMs;
    expect((await store.run()).kinds).toMatchObject({ blobs: { removed: { count: 1 } }, links: { removed: { count: 1 } } });
  });

  it('ends uploads that nobody goes on with, and places of referrers that are gone', async () => {
    const piece = async function* () {
      yield Buffer.from('a piece');
    };
    const old = await store.uploads.append(await store.uploads.begin(repository), piece());
    const resumed = await store.uploads.append(await store.uploads.begin(repository), piece());
    await put(`uploads/${randomUUID()}/session`, 'damaged');
    const subject = digestOf('subject');
    const signature = await putManifest(JSON.stringify({ subject: { digest: subject } }));
    await put(`referrers/${repository}/@/${subject}/${signature}`, {});
    await put(`referrers/${repository}/@/${subject}/${digestOf('gone')}`, {});
    now += graceMs + hourMs;
    const longer = await store.uploads.append(resumed, piece());
    expect((await store.run(true)).kinds).toMatchObject({ uploads: { removed: { count: 3 }, kept: { count: 3 } } });
    expect(await store.uploads.find(repository, old.id)).toBeDefined();
    const { kinds } = await store.run();
    expect(kinds).toMatchObject({
      uploads: { removed: { count: 3 }, kept: { count: 3 } },
      referrers: { removed: { count: 1 }, kept: { count: 1 } },
    });
    expect(await keys('uploads/')).toHaveLength(3);
    expect(await store.uploads.find(repository, resumed.id)).toMatchObject({ sizeBytes: longer.sizeBytes });
    expect(await store.uploads.find(repository, old.id)).toBeUndefined();
    expect(await keys('referrers/')).toHaveLength(1);
  });

  it('forgets chunks whose blob was lost, so that the next build makes them again', async () => {
    await publish([['a']], 'kept');
    const stored = digestOf(`<${'x'}>`);
    await put(`chunks/none/sha256/${digestHex(digestOf('x'))}`, { digest: stored, sizeBytes: 3 });
    expect((await store.run()).kinds.chunks).toMatchObject({ kept: { count: 1 }, removed: { count: 1 } });
    await publish([['x']], 'again');
    expect((await pullEverything(store)).size).toBe(2);
  });

  it('takes over from one that was killed in the middle of a sweep, and not from one that may live', async () => {
    const gone = await publish([['a']]);
    await removeSnapshots(store.removal, repository, [{ digest: gone, tags: [], pins: [] }]);
    now += graceMs + hourMs;
    await store.run();
    now += graceMs + hourMs;
    await store.log.open([`blobs/sha256/${'0'.repeat(64)}`]);
    await expect(store.run()).rejects.toMatchObject({ code: 'CONFLICT' });
    // A writer cannot know what is still to go, so he is told to come back.
    await expect(publish([['b']], 'meanwhile')).rejects.toMatchObject({ code: 'CONFLICT' });
    now += 16 * 60 * 1000;
    expect((await store.run()).kinds.blobs?.removed.count).toBeGreaterThan(0);
    await publish([['b']], 'now');
    expect((await pullEverything(store)).size).toBe(1);
  });

  it('stops by itself before anybody may take it for dead', async () => {
    const sweep = await store.log.open(['blobs/sha256/x']);
    now += 7 * 60 * 1000;
    sweep.requireTime();
    now += 60 * 1000;
    expect(() => sweep.requireTime()).toThrow(/longer than it may/);
  });
});

describe('removing a snapshot', () => {
  const remove = async (digest: Digest, named: { tags?: string[]; pins?: string[]; takenAt?: string } = {}) =>
    (await removeSnapshots(store.removal, repository, [{ digest, tags: [], pins: [], ...named }]))[0];
  const tagNames = async (): Promise<string[]> => (await listOf(store.catalog.tags(repository))).map(({ tag }) => tag);
  const pin = (digest: Digest, id: string, until?: string) =>
    store.pins.put({
      version: 1,
      id,
      repository,
      digest,
      by: 'qa',
      why: 'x',
      createdAt: clock().toISOString(),
      ...(until ? { until } : {}),
    });

  it('is refused by each tag, pin and index that holds it, and by a later snapshot of the same data', async () => {
    const digest = await publish([['a']], 'one');
    await store.catalog.moveTag(repository, 'two', digest);
    await pin(digest, 'p1');
    await pin(digest, 'p2', new Date(now + hourMs).toISOString());
    expect(await remove(digest, { tags: ['one'], pins: ['p2'] })).toMatchObject({
      fate: 'held',
      holds: { tags: ['two'], pins: [{ id: 'p1' }] },
    });
    expect(await remove(digest, { tags: ['one', 'two'], pins: ['p1', 'p2'], takenAt: '2023-01-01T00:00:00.000Z' })).toMatchObject({
      fate: 'held',
      holds: { isTakenAgain: true },
    });
    const index = await putManifest(JSON.stringify({ manifests: [{ digest }] }));
    expect(await remove(digest, { tags: ['one', 'two'], pins: ['p1', 'p2'] })).toMatchObject({ fate: 'held', holds: { indexes: [index] } });
    await store.catalog.removeManifest(repository, index);
    now += 2 * hourMs;
    // A pin whose time is over holds nothing.
    expect(await remove(digest, { tags: ['one', 'two'], pins: ['p1'] })).toEqual({ digest, fate: 'removed' });
    for (const prefix of ['pins/', 'snapshots/', 'manifests/']) expect(await keys(prefix)).toEqual([]);
    expect(await tagNames()).toEqual([]);
    expect(await remove(digest)).toEqual({ digest, fate: 'gone' });
    await expect(pin(digest, 'p3')).rejects.toMatchObject({ code: 'SNAPSHOT_UNKNOWN' });
    await expect(store.catalog.moveTag(repository, 'three', digest)).rejects.toMatchObject({ code: 'SNAPSHOT_UNKNOWN' });
  });

  it('takes its signatures with it, unless they have a name of their own', async () => {
    const digest = await publish([['a']]);
    const signatures = await Promise.all(
      ['plain', 'by tag', 'named'].map((text) => putManifest(JSON.stringify({ text, subject: { digest } }))),
    );
    for (const signature of signatures) await put(`referrers/${repository}/@/${digest}/${signature}`, {});
    const [, byTag, named] = signatures as [Digest, Digest, Digest];
    await store.catalog.moveTag(repository, `${digest.replace(':', '-')}.sig`, byTag);
    await store.catalog.moveTag(repository, 'audit-2024', named);
    expect(await remove(digest)).toEqual({ digest, fate: 'removed' });
    expect(await keys('manifests/')).toEqual([`manifests/${repository}/@/${named}`]);
    expect(await tagNames()).toEqual(['audit-2024']);
  });

  it('lists pins by snapshot and in pages', async () => {
    const [one, two] = [await publish([['a']]), await publish([['b']])].sort() as [Digest, Digest];
    await pin(two, 'x');
    await pin(one, 'b');
    await pin(one, 'a');
    const ids = async (options: Parameters<CollectedStore['pins']['list']>[1]) =>
      (await listOf(store.pins.list(repository, options))).map(({ id }) => id);
    expect(await ids({})).toEqual(['a', 'b', 'x']);
    expect(await ids({ digest: two })).toEqual(['x']);
    expect(await ids({ after: `${one}/a` })).toEqual(['b', 'x']);
    expect(await store.pins.remove(repository, one, 'a')).toBe(true);
    expect(await store.pins.remove(repository, one, 'a')).toBe(false);
  });
});

describe('a set of digests', () => {
  it('holds what was added and nothing else, however many there are', () => {
    const set = createDigestSet();
    const count = 50_000;
    for (let at = 0; at < count; at += 1) expect(set.add(digestOf(`${at}`))).toBe(true);
    for (let at = 0; at < count; at += 100) {
      expect(set.add(digestOf(`${at}`))).toBe(false);
      expect(set.has(digestOf(`${at}`))).toBe(true);
      expect(set.has(digestOf(`no ${at}`))).toBe(false);
    }
    expect(set.size).toBe(count);
  });
});
