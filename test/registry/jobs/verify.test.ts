import { describe, expect, it } from 'vitest';
import {
  type Checked,
  type Digest,
  DynDataError,
  digestHex,
  digestOf,
  encodeManifest,
  type JobEvent,
  type ObjectStore,
} from '../../../core/index.ts';
import { createVerifyHandler } from '../../../registry/jobs/index.ts';
import { createBlobStore, createCatalog, createChunkIndex, createMemoryObjects } from '../../../storage/index.ts';
import { makeDataImage } from '../../support/data-image.ts';
import { publishImage } from '../../support/published-image.ts';
import { postgresSource } from '../../support/shop-data.ts';
import { sampleBytes } from '../../support/stream-samples.ts';

const repository = 'dynamease';

async function open() {
  const objects = createMemoryObjects();
  const blobs = createBlobStore(objects);
  const catalog = createCatalog(objects, { clock: () => new Date() });
  const index = createChunkIndex(objects, 'test');
  const layers = [[{ path: 'snapshot/a', bytes: sampleBytes(10_000, 1) }], [{ path: 'snapshot/b', bytes: sampleBytes(20_000, 2) }]];
  const first = await publishImage({ blobs, catalog }, { repository, layers, tag: 'may' });
  const second = await publishImage({ blobs, catalog }, { repository, layers: layers.slice(0, 1), tag: 'june' });
  const handler = createVerifyHandler({ catalog, blobs, index });
  const verify = async (snapshot?: string) => {
    const events: JobEvent[] = [];
    const checked: Checked[] = [];
    const hooks = {
      onProgress: () => undefined,
      onChecked: (state: Checked) => void checked.push(state),
      onCollected: () => undefined,
      onEvent: (event: JobEvent) => void events.push(event),
      confirm: async () => undefined,
      signal: new AbortController().signal,
    };
    const error = await handler.run({ kind: 'verify', repository, ...(snapshot === undefined ? {} : { snapshot }) }, hooks).then(
      () => undefined,
      (thrown: unknown) => thrown as DynDataError,
    );
    return { error, events, checked };
  };
  return { objects, blobs, catalog, index, first, second, verify };
}

async function bytesOf(objects: ObjectStore, key: string): Promise<Buffer | undefined> {
  const found = await objects.read(key);
  return found && Buffer.concat(await Array.fromAsync(found.bytes));
}

async function damage(objects: ObjectStore, key: string): Promise<void> {
  const bytes = await bytesOf(objects, key);
  if (!bytes) throw new Error(`There is no object ${key}.`);
  const whole = Uint8Array.from(bytes);
  whole[whole.length >> 1] = (whole[whole.length >> 1] ?? 0) ^ 1;
  await objects.write(key, whole, { sizeBytes: whole.length });
}

/** The key of a stored piece of a layer that is composed of several. */
async function pieceOf(objects: ObjectStore, layer: string): Promise<string> {
  const recipe = JSON.parse(String(await bytesOf(objects, `layers/sha256/${digestHex(layer as Digest)}`)));
  const piece = recipe.segments.find((segment: { digest?: Digest }) => segment.digest !== undefined);
  return `blobs/sha256/${digestHex(piece.digest)}`;
}

const layersOf = (manifest: { readonly bytes: Uint8Array }): Digest[] =>
  JSON.parse(Buffer.from(manifest.bytes).toString()).layers.map(({ digest }: { digest: Digest }) => digest);

describe('a verification', () => {
  it('reads every blob of the repository once and finds nothing where nothing is damaged', async () => {
    const { first, second, verify } = await open();
    const { error, events, checked } = await verify();
    expect(error).toBeUndefined();
    expect(events).toEqual([]);
    const blobs = new Set([...layersOf(first), ...layersOf(second)]).size;
    expect(checked.at(-1)).toMatchObject({ snapshotsDone: 2, snapshotsTotal: 2 });
    expect(checked.at(-1)?.blobsDone).toBeGreaterThanOrEqual(blobs);
    expect(checked.at(-1)?.bytesDone).toBeGreaterThan(30_000);
  });

  it('names each snapshot and layer that is damaged or missing, and no other', async () => {
    const { objects, first, second, verify } = await open();
    const [shared = '', own = ''] = layersOf(first);
    await damage(objects, await pieceOf(objects, shared));
    await objects.remove(`layers/sha256/${digestHex(own as Digest)}`);
    const { error, events } = await verify();
    expect(error?.code).toBe('VERIFY_FAILED');
    expect(error?.details.toSorted()).toEqual(
      [
        `${first.digest} (may): layer 1, ${shared}, is damaged`,
        `${first.digest} (may): layer 2, ${own}, is missing`,
        `${second.digest} (june): layer 1, ${shared}, is damaged`,
      ].toSorted(),
    );
    expect(events.map(({ event }) => event)).toEqual(['damaged', 'damaged', 'damaged']);
    expect((await verify(second.digest)).error?.details).toEqual([`${second.digest}: layer 1, ${shared}, is damaged`]);
  });

  it('names a manifest that is not what its digest says', async () => {
    const { objects, first, verify } = await open();
    const key = `manifests/${repository}/@/${first.digest}`;
    const record = String(await bytesOf(objects, key));
    const changed = Buffer.from(record.replace('config', 'konfig'));
    await objects.write(key, changed, { sizeBytes: changed.length });
    expect((await verify()).error?.details).toEqual([`${first.digest} (may): its manifest is damaged`]);
  });

  it('names the table and the file of a damaged chunk', async () => {
    const { objects, blobs, catalog, index, verify } = await open();
    const image = await makeDataImage([postgresSource({ installations: 1000 })]);
    for (const [digest, bytes] of image.blobs) await blobs.write({ digest, sizeBytes: bytes.length }, bytes);
    const manifestBytes = encodeManifest(image.manifest);
    const manifestDigest = digestOf(manifestBytes);
    await blobs.write({ digest: manifestDigest, sizeBytes: manifestBytes.length }, manifestBytes);
    await catalog.putManifest(repository, {
      digest: image.digest,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      bytes: image.imageManifest,
    });
    const [source] = image.manifest.sources;
    const [table] = source?.tables ?? [];
    const [chunk] = table?.chunks ?? [];
    if (!source || !table || !chunk) throw new Error('The sample has no chunk.');
    const frame = sampleBytes(5_000, 7);
    const stored = { digest: digestOf(frame), sizeBytes: frame.length };
    await blobs.write(stored, frame);
    await index.remember(chunk.digest, stored);
    await catalog.putSnapshot({
      version: 1,
      repository,
      digest: image.digest,
      environment: 'prod',
      manifestDigest,
      sizeBytes: 1,
      rows: 1,
      sources: [],
      provenance: { takenAt: '2024-05-01T00:00:00.000Z', durationMs: 1, skewMs: 0, sources: [] },
    });
    expect((await verify(image.digest)).error).toBeUndefined();
    const [layer = ''] = layersOf({ bytes: image.imageManifest });
    await damage(objects, `blobs/sha256/${digestHex(layer as Digest)}`);
    await damage(objects, `blobs/sha256/${digestHex(stored.digest)}`);
    expect((await verify(image.digest)).error?.details).toEqual([
      `${image.digest}: layer 1, ${layer}, is damaged`,
      `${image.digest}: ${source.name}, table ${table.schema}.${table.name}, file ${chunk.file}, ${stored.digest}, is damaged`,
    ]);
  });

  it('is no verdict where the storage does not answer', async () => {
    const { objects, catalog } = await open();
    const silent: ObjectStore = {
      ...objects,
      read: (key, options) => {
        if (key.startsWith('blobs/')) throw new DynDataError('STORAGE_UNREACHABLE', 'The storage does not answer.');
        return objects.read(key, options);
      },
    };
    const handler = createVerifyHandler({ catalog, blobs: createBlobStore(silent) });
    const hooks = {
      onProgress: () => undefined,
      onChecked: () => undefined,
      onCollected: () => undefined,
      onEvent: () => undefined,
      confirm: async () => undefined,
      signal: new AbortController().signal,
    };
    await expect(handler.run({ kind: 'verify', repository }, hooks)).rejects.toMatchObject({ code: 'STORAGE_UNREACHABLE' });
  });
});
