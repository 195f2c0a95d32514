import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOf, mediaTypes } from '../../core/index.ts';
import processSettings from '../../registry/process-settings.json' with { type: 'json' };
import { createBlobStore, createCatalog, createFolderObjects } from '../../storage/index.ts';
import { createOciClient, locationOf } from '../support/oci-client.ts';
import { repeated, sampleBytes } from '../support/stream-samples.ts';

const mebibyte = 1024 * 1024;
const blobBytes = 2048 * mebibyte;
const maxMemoryBytes = 200 * 1000 * 1000;
const piece = sampleBytes(mebibyte, 1);
const name = 'large/blobs';

let folder = '';
let port = 0;
let registry: ChildProcess | undefined;
const client = createOciClient(() => port);

/** The most that the registry's process ever had in memory. */
const peakBytes = async (): Promise<number> => {
  const status = await readFile(`/proc/${registry?.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-memory-'));
});
afterAll(async () => {
  if (registry && registry.exitCode === null) {
    registry.kill();
    await once(registry, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

/** A layer of 2 GiB as a snapshot has them: many stored chunks, one after the other, and a manifest that names it. */
async function composeLayer(): Promise<string> {
  const objects = await createFolderObjects({ folder: join(folder, 'store'), newId: randomUUID });
  const blobs = createBlobStore(objects);
  const blob = { digest: digestOf(piece), sizeBytes: piece.byteLength };
  await blobs.write(blob, piece);
  const layer = await blobs.compose(Array.from({ length: blobBytes / piece.byteLength }, () => ({ blob })));
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, layers: [{ mediaType: mediaTypes.layer, digest: layer.digest, size: layer.sizeBytes }] }),
  );
  const catalog = createCatalog(objects, { clock: () => new Date() });
  await catalog.putManifest(name, { digest: digestOf(bytes), mediaType: mediaTypes.imageManifest, bytes });
  return layer.digest;
}

async function startRegistry(): Promise<void> {
  const config = join(folder, 'registry.yaml');
  await writeFile(config, 'version: 1\nlisten: { port: 0 }\nstorage: { folder: store }\nenvironments: {}\n');
  // As `npm run registry` starts it.
  const main = join(import.meta.dirname, '../../registry/main.ts');
  const { nodeOptions, environment } = processSettings;
  registry = spawn(process.execPath, [...nodeOptions, main, '--config', config], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...environment },
  });
  const [line] = await once(registry.stdout ?? registry, 'data');
  port = Number(new URL(JSON.parse(String(line)).listening).port);
}

/** PATCH of unknown length, as docker sends a layer, then PUT. */
async function push(marker: string): Promise<string> {
  const hash = createHash('sha256');
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    const first = Buffer.from(marker);
    hash.update(first);
    yield first;
    for await (const next of repeated(piece, blobBytes / piece.byteLength)) {
      hash.update(next);
      yield next;
    }
  };
  const path = locationOf(await client.send('POST', `/v2/${name}/blobs/uploads/`));
  const request = httpRequest({ host: '127.0.0.1', port, path, method: 'PATCH', agent: false });
  const answered = once(request, 'response');
  await pipeline(bytes(), request);
  const [response] = (await answered) as [IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(202);
  const digest = `sha256:${hash.digest('hex')}`;
  expect((await client.send('PUT', path, { query: { digest } })).status).toBe(201);
  return digest;
}

async function pull(digest: string): Promise<void> {
  const request = httpRequest({ host: '127.0.0.1', port, path: `/v2/${name}/blobs/${digest}`, agent: false }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  const hash = createHash('sha256');
  for await (const bytes of response) hash.update(bytes);
  expect(`sha256:${hash.digest('hex')}`).toBe(digest);
}

it('blobs of 2 GiB are pushed and pulled, several at once, while the registry stays below 200 MB', async () => {
  const composed = await composeLayer();
  await startRegistry();
  const atStart = await peakBytes();
  const pushed = await push('one');
  const afterPush = await peakBytes();
  await Promise.all([pull(composed), pull(pushed), pull(composed), pull(pushed)]);
  const afterPulls = await peakBytes();
  const text = [atStart, afterPush, afterPulls].map((bytes) => `${Math.round(bytes / 1e6)} MB`).join(', ');
  process.stderr.write(`Peak memory of the registry at its start, after a push, after four pulls at once: ${text}\n`);
  expect(afterPulls, text).toBeLessThan(maxMemoryBytes);
});
