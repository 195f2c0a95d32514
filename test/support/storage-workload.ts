import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { type BlobInfo, type Digest, DynDataError, digestOf, type ObjectStore } from '../../core/index.ts';
import { createBlobStore, createCatalog } from '../../storage/index.ts';
import { collect, inPieces, sampleBytes } from './stream-samples.ts';

const repository = 'team/data';
const tag = 'latest';
const counterKey = 'counters/moves';
const mebibyte = 1024 * 1024;

/** What a writer was told is done. */
type Acknowledged = {
  readonly blobs: BlobInfo[];
  readonly manifests: Digest[];
  /** Numbers that this writer counted up to. */
  readonly counts: number[];
  conflicts: number;
};

export type WorkloadOptions = {
  /** One for each writer; all of the same store. */
  readonly stores: readonly ObjectStore[];
  /** Rounds of each writer: some blobs, a composed one, a manifest, a tag move and a count. */
  readonly rounds: number;
  readonly onRound?: (writer: number, round: number) => void;
};

/**
 * Writes as builds do, several writers at once. Then reads everything that was acknowledged, through `reader`: all of it must be there, and
 * every byte right.
 */
export async function runWorkload({ stores, rounds, onRound }: WorkloadOptions, reader: ObjectStore): Promise<{ readonly blobs: number }> {
  const done = await Promise.all(stores.map((objects, writer) => write(objects, writer, rounds, onRound)));
  const blobs = createBlobStore(reader);
  const catalog = createCatalog(reader, { clock: () => new Date() });
  let count = 0;
  for (const { blobs: written, manifests } of done) {
    for (const blob of written) {
      const { bytes } = await blobs.read(blob.digest);
      expect(digestOf(await collect(bytes))).toBe(blob.digest);
      count += 1;
    }
    for (const digest of manifests) expect(await catalog.manifest(repository, digest)).toMatchObject({ digest });
  }
  const manifests = done.flatMap((writer) => writer.manifests);
  expect(manifests).toContain((await catalog.tag(repository, tag))?.digest);
  // Of two writers that read the same number only one was told that it wrote the next.
  const counts = done.flatMap((writer) => writer.counts);
  expect(new Set(counts).size).toBe(counts.length);
  const found = await reader.read(counterKey);
  const last = Number(new TextDecoder().decode(found && (await collect(found.bytes))));
  expect(last).toBeGreaterThanOrEqual(Math.max(...counts));
  expect(last).toBeLessThanOrEqual(counts.length + done.reduce((sum, { conflicts }) => sum + conflicts, 0));
  return { blobs: count };
}

async function write(objects: ObjectStore, writer: number, rounds: number, onRound: WorkloadOptions['onRound']): Promise<Acknowledged> {
  const blobs = createBlobStore(objects);
  const catalog = createCatalog(objects, { clock: () => new Date() });
  const done: Acknowledged = { blobs: [], manifests: [], counts: [], conflicts: 0 };
  const store = async (bytes: Uint8Array): Promise<BlobInfo> => {
    const info = { digest: digestOf(bytes), sizeBytes: bytes.byteLength };
    await blobs.write(info, inPieces(bytes, 65_536));
    done.blobs.push(info);
    return info;
  };
  for (let round = 0; round < rounds; round += 1) {
    onRound?.(writer, round);
    const seed = 1 + writer * 10_000 + round * 20;
    const sizes = [30, 300, 900, 4_000, 9_000, 20_000, 60_000, 150_000, 300_000, ...(round % 8 === 0 ? [17 * mebibyte] : [])];
    // Half of what one writer writes, the other one writes too.
    const written = await Promise.all(sizes.map((size, index) => store(sampleBytes(size, index % 2 === 0 ? seed + index : round + 7))));
    done.blobs.push(await blobs.compose(written.flatMap((blob) => [{ bytes: Uint8Array.of(writer, round) }, { blob }])));
    const bytes = new TextEncoder().encode(JSON.stringify({ writer, round }));
    const digest = digestOf(bytes);
    await catalog.putManifest(repository, { digest, mediaType: 'application/json', bytes });
    done.manifests.push(digest);
    await untilDone(done, async () => {
      const state = await catalog.tag(repository, tag);
      await catalog.moveTag(repository, tag, digest, { expected: state ? { etag: state.etag } : 'absent' });
    });
    await untilDone(done, async () => done.counts.push(await countUp(objects)));
  }
  return done;
}

async function countUp(objects: ObjectStore): Promise<number> {
  const found = await objects.read(counterKey);
  const next = (found ? Number(new TextDecoder().decode(await collect(found.bytes))) : 0) + 1;
  const bytes = new TextEncoder().encode(String(next));
  await objects.write(counterKey, bytes, { sizeBytes: bytes.byteLength, condition: found ? { etag: found.info.etag } : 'absent' });
  return next;
}

/** Again for as long as another writer comes between. */
async function untilDone(done: Acknowledged, work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof DynDataError && error.code === 'CONFLICT')) throw error;
      done.conflicts += 1;
      await sleep(5 + Math.random() * 20);
    }
  }
}
