import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson, type Digest, digestOf, mediaTypes, type ObjectStore, requireOciManifest } from '../../../core/index.ts';
import { storePushedManifest } from '../../../registry/oci/manifest-storing.ts';
import { createMemoryObjects } from '../../../storage/index.ts';
import { type CollectedStore, openCollectedStore, repository } from '../../support/collected-store.ts';
import { pullByLinks } from '../../support/stepped-pusher.ts';

const hourMs = 60 * 60 * 1000;
const graceMs = 24 * hourMs;

let now = 0;
const clock = (): Date => new Date(now);
/** What happens in the middle of a sweep: right before the key goes. */
let beforeRemoval: (key: string) => Promise<void> = async () => undefined;
let store: CollectedStore;
let blob: Digest;
const bytes = Buffer.from('a layer that nothing names');

/** A blob with its link, both on a list of candidates that is old enough. */
beforeEach(async () => {
  now = Date.UTC(2024, 4, 1);
  beforeRemoval = async () => undefined;
  const memory = createMemoryObjects({ clock });
  const objects: ObjectStore = {
    ...memory,
    async remove(key, signal) {
      await beforeRemoval(key);
      return memory.remove(key, signal);
    },
  };
  store = openCollectedStore(objects, { clock, graceMs, newId: randomUUID, wait: () => sleep(1) });
  blob = digestOf(bytes);
  await send();
  now += graceMs + hourMs;
  await store.run();
  now += graceMs + hourMs;
});

const body = async function* (): AsyncGenerator<Uint8Array> {
  yield bytes;
};
const send = async (): Promise<boolean> => {
  const push = await store.openPush();
  const stored = await store.uploads.receive(repository, digestOf(bytes), body());
  return push.hold(repository, { digest: digestOf(bytes), blob: stored });
};
const ask = async (): Promise<boolean> => {
  const push = await store.openPush();
  const link = await store.catalog.link(repository, blob);
  return link !== undefined && (await store.blobs.stat(blob)) !== undefined && push.hold(repository, link);
};
const isWhole = async (): Promise<boolean> =>
  (await store.catalog.link(repository, blob)) !== undefined && (await store.blobs.stat(blob)) !== undefined;
/** Begins `work` when a key of this kind is about to go, and lets it come as far as it comes before that. */
const inSweepOf = (kind: string, work: () => Promise<unknown>): { done(): Promise<unknown> } => {
  let running: Promise<unknown> | undefined;
  beforeRemoval = async (key) => {
    if (running || !key.startsWith(kind)) return;
    running = work();
    running.catch(() => undefined);
    await sleep(20);
  };
  return { done: async () => running };
};
const putManifest = async (): Promise<unknown> => {
  const descriptor = { mediaType: mediaTypes.layer, digest: blob, size: bytes.byteLength };
  const text = Buffer.from(
    canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.imageManifest, config: descriptor, layers: [descriptor] }),
  );
  const manifest = { digest: digestOf(text), mediaType: mediaTypes.imageManifest, bytes: text };
  const { blobs, catalog, removal, openPush } = store;
  const ports = { blobs, catalog, changes: catalog, takingBack: removal.catalog, openPush };
  const content = requireOciManifest(text, mediaTypes.imageManifest);
  return storePushedManifest(ports, repository, { manifest, content }, new AbortController().signal);
};

describe('a push beside the collector', () => {
  it('keeps what it was told to be there', async () => {
    expect(await ask()).toBe(true);
    await store.run();
    expect(await isWhole()).toBe(true);
    now += graceMs / 2 - hourMs;
    await store.run();
    expect(await isWhole()).toBe(true);
    await putManifest();
    expect((await pullByLinks(store, repository)).size).toBe(1);
  });

  it('keeps what it mounts from another repository', async () => {
    const push = await store.openPush();
    const link = await store.catalog.link(repository, blob);
    if (!link) throw new Error('a link expected');
    expect(await push.hold('other/app', link)).toBe(true);
    await store.run();
    expect(await store.catalog.link('other/app', blob)).toBeDefined();
    expect(await store.blobs.stat(blob)).toBeDefined();
    expect(await store.catalog.link(repository, blob)).toBeUndefined();
  });

  it.each([
    ['asks for a blob', 'links/', () => ask()],
    ['asks for a blob', 'blobs/', () => ask()],
    ['sends a blob that is stored', 'links/', () => send()],
    ['sends a blob that is stored', 'blobs/', () => send()],
  ] as const)('that %s while %s go is told what is left after the sweep', async (_what, kind, work) => {
    const asked = inSweepOf(kind, work);
    await store.run();
    const isThere = await asked.done();
    expect(isThere).toBeDefined();
    if (isThere) expect(await isWhole()).toBe(true);
    else expect(await store.blobs.stat(blob)).toBeUndefined();
    // Sent again, it is there, and stays.
    expect(await send()).toBe(true);
    await store.run();
    expect(await isWhole()).toBe(true);
  });

  it.each(['links/', 'blobs/'])('stores no manifest that could not be pulled, put while %s go', async (kind) => {
    // The link is made again, so that the manifest finds it while the blob is going.
    const put = inSweepOf(kind, async () => {
      await store.catalog.putLink(repository, { digest: blob, blob: { digest: blob, sizeBytes: bytes.byteLength } });
      return putManifest();
    });
    await store.run();
    const refused = await put.done().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused) {
      expect(refused).toMatchObject({ ociCode: 'MANIFEST_BLOB_UNKNOWN', details: [{ digest: blob }] });
      expect(await pullByLinks(store, repository)).toEqual(new Set());
      expect(await send()).toBe(true);
      await putManifest();
    }
    expect((await pullByLinks(store, repository)).size).toBe(1);
    await store.run();
    expect((await pullByLinks(store, repository)).size).toBe(1);
  });
});

describe('a manifest that is removed', () => {
  it('stays while it is pinned, and takes its pins that are over with it', async () => {
    await send();
    await putManifest();
    const [digest] = [...(await pullByLinks(store, repository))] as Digest[];
    if (!digest) throw new Error('a manifest expected');
    const pin = { version: 1, repository, digest, by: 'qa', why: 'bug 17', createdAt: clock().toISOString() } as const;
    await store.pins.put({ ...pin, id: 'over', until: new Date(now + hourMs).toISOString() });
    await expect(store.catalog.removeManifest(repository, digest)).rejects.toMatchObject({ code: 'SNAPSHOT_HELD' });
    expect((await pullByLinks(store, repository)).size).toBe(1);
    now += 2 * hourMs;
    expect(await store.catalog.removeManifest(repository, digest)).toBe(true);
    expect(await store.pins.has(repository, digest, 'over')).toBe(false);
    expect(await store.catalog.removeManifest(repository, digest)).toBe(false);
  });
});
