import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isEnded, routes } from '../../core/index.ts';
import { contentOf, createOciClient, jsonContent, jsonOf, manifestType } from '../support/oci-client.ts';
import { startRegistryHere } from '../support/registry-here.ts';
import { sampleBytes } from '../support/stream-samples.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-damaged-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('a blob that was damaged in the storage is named, in pulls and by a verify job, and no client gets the whole of it', async () => {
  const configFile = join(folder, 'registry.yaml');
  await writeFile(configFile, 'version: 1\nlisten: { port: 0 }\nstorage: { folder: store }\nenvironments: {}\n');
  const running = startRegistryHere(['--config', configFile]);
  const { port } = new URL(await running.listening);
  const { send, pushBlob, pushManifest } = createOciClient(() => Number(port));
  const blob = contentOf(sampleBytes(5_000_000));
  const settings = contentOf('{}');
  for (const content of [blob, settings]) expect(await pushBlob('dynamease', content)).toMatchObject({ status: 201 });
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: blob.digest, size: blob.size };
  const config = { ...layer, digest: settings.digest, size: settings.size };
  const image = jsonContent({ schemaVersion: 2, mediaType: manifestType, config, layers: [layer] });
  expect(await pushManifest('dynamease', 'may', image)).toMatchObject({ status: 201 });
  const pull = (range?: string) => send('GET', `/v2/dynamease/blobs/${blob.digest}`, range === undefined ? {} : { headers: { range } });
  expect(await pull()).toMatchObject({ status: 200, isWhole: true });

  const stored = await open(join(folder, 'store/blobs/sha256', blob.digest.slice('sha256:'.length)), 'r+');
  await stored.write(Buffer.from('damage'), 0, 6, 4_999_000);
  await stored.close();
  const cut = await pull();
  expect(cut).toMatchObject({ status: 200, isWhole: false });
  expect(cut.body.byteLength).toBeLessThan(blob.size);
  for (const range of [undefined, 'bytes=0-99', `bytes=${cut.body.byteLength}-`]) {
    const answer = await pull(range);
    expect(answer.status).toBe(502);
    expect(answer.body.toString()).toContain(blob.digest);
  }
  expect((await send('HEAD', `/v2/dynamease/blobs/${blob.digest}`)).status).toBe(502);

  const body = JSON.stringify({ kind: 'verify', repository: 'dynamease' });
  const asked = await send('POST', routes.createJob.path, { headers: { 'content-type': 'application/json' }, body });
  const { id } = routes.createJob.answer.parse(jsonOf(asked));
  const job = async () => routes.showJob.answer.parse(jsonOf(await send('GET', `/api/v1/jobs/${id}`)));
  await expect.poll(async () => isEnded((await job()).state)).toBe(true);
  const { error } = await job();
  expect(error?.code).toBe('VERIFY_FAILED');
  expect(JSON.stringify(error)).toContain(blob.digest);
  expect((await send('GET', '/metrics')).body.toString()).toMatch(/^dyn_data_damaged_blob_reads_total 1$/m);
  expect(await running.stop()).toBe(0);
  const lines = running.output().stderr.split('\n');
  expect(lines.filter((line) => line.includes('damaged and is not given out') && line.includes(blob.digest))).toHaveLength(1);
});
