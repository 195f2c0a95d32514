import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestHex, digestOf } from '../../core/index.ts';
import { createBlobStore, createCheckedBlobs, createFolderObjects } from '../../storage/index.ts';
import { collect, sampleBytes } from '../support/stream-samples.ts';

const forMs = 1_000;
const bytes = sampleBytes(700_000, 5);
const blob = { digest: digestOf(bytes), sizeBytes: bytes.byteLength };

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-checked-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('a blob that was found good is hashed again as soon as its file was written to', async () => {
  const objects = await createFolderObjects({ folder, newId: randomUUID });
  const blobs = createBlobStore(objects, { checked: createCheckedBlobs({ forMs, nowMs: () => 0 }) });
  await blobs.write(blob, bytes);
  for (let pull = 0; pull < 2; pull += 1) expect(Buffer.compare(await collect((await blobs.read(blob.digest)).bytes), bytes)).toBe(0);
  const name = digestHex(blob.digest);
  const file = (await readdir(folder, { recursive: true })).find((path) => path.endsWith(name)) ?? '';
  const damaged = Uint8Array.from(bytes);
  damaged[699_000] = (damaged[699_000] ?? 0) ^ 1;
  await writeFile(join(folder, file), damaged);
  for (let pull = 0; pull < 2; pull += 1)
    await expect((async () => collect((await blobs.read(blob.digest)).bytes))()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
});

it('a blob counts as good for a while, in the state in which it was read to its end', async () => {
  let nowMs = 0;
  const checked = createCheckedBlobs({ forMs, nowMs: () => nowMs });
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 10);
    yield bytes.subarray(10);
  };
  for await (const _piece of checked.noted(blob.digest, 'one', pieces())) break;
  expect(checked.isGood(blob.digest, 'one')).toBe(false);
  await collect(checked.noted(blob.digest, 'one', pieces()));
  expect(checked.isGood(blob.digest, 'one')).toBe(true);
  expect(checked.isGood(blob.digest, 'two')).toBe(false);
  expect(checked.isGood(digestOf('another'), 'one')).toBe(false);
  nowMs = forMs;
  expect(checked.isGood(blob.digest, 'one')).toBe(false);
});
