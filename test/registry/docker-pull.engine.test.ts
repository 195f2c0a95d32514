import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOf, type ObjectStore, type StoredManifest } from '../../core/index.ts';
import { runCommand, runOrFail } from '../../scripts/run-command.ts';
import { createFolderObjects } from '../../storage/index.ts';
import { describeWithEngine } from '../support/engine.ts';
import { publishImage } from '../support/published-image.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';
import { sampleBytes } from '../support/stream-samples.ts';

const repository = 'team/dynamease';
const tag = 'prod-2024-05';
const files = [
  [{ path: 'snapshot/manifest.json', bytes: new TextEncoder().encode('{"a":1}') }],
  [
    { path: 'snapshot/mysql/data/user/0000.tsv.zst', bytes: sampleBytes(3_000_000, 1) },
    { path: 'snapshot/mysql/data/user/0001.tsv.zst', bytes: sampleBytes(1_234_567, 2) },
    { path: 'snapshot/mysql/data/user/0002.tsv.zst', bytes: sampleBytes(0, 3) },
  ],
  [{ path: 'snapshot/ldap/data/entries.ldif.zst', bytes: sampleBytes(77_777, 4) }],
];

describeWithEngine('a stock docker pull', () => {
  let folder = '';
  let objects: ObjectStore;
  let registry: RunningRegistry;
  let manifest: StoredManifest;
  const pulled = new Set<string>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-pull-'));
    objects = await createFolderObjects({ folder: join(folder, 'store'), newId: randomUUID });
    registry = await startRegistry({ objects, build: () => async () => ({ digest: digestOf('unused') }) });
    manifest = await publishImage(registry, { repository, tag, layers: files });
  });
  afterAll(async () => {
    for (const image of pulled) await runCommand('docker', ['image', 'rm', '--force', image]);
    await registry?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const pull = async (reference: string): Promise<string> => {
    const image = `127.0.0.1:${registry.port}/${reference}`;
    pulled.add(image);
    return runOrFail('Pulling', 'docker', ['pull', image]);
  };
  const expectFiles = async (reference: string): Promise<void> => {
    const image = `127.0.0.1:${registry.port}/${reference}`;
    const container = (await runOrFail('Creating', 'docker', ['create', image, 'none'])).trim();
    const copy = await mkdtemp(join(folder, 'copy-'));
    try {
      await runOrFail('Copying', 'docker', ['cp', `${container}:/snapshot`, copy]);
      for (const { path, bytes } of files.flat()) expect(Buffer.compare(await readFile(join(copy, path)), bytes)).toBe(0);
    } finally {
      await runCommand('docker', ['rm', container]);
    }
  };

  it('gets an image of composed layers by its tag, with all its files', async () => {
    expect(await pull(`${repository}:${tag}`)).toContain(manifest.digest);
    await expectFiles(`${repository}:${tag}`);
  });

  it('gets the same image by its digest', async () => {
    await runOrFail('Removing', 'docker', ['image', 'rm', '--force', `127.0.0.1:${registry.port}/${repository}:${tag}`]);
    await pull(`${repository}@${manifest.digest}`);
    await expectFiles(`${repository}@${manifest.digest}`);
  });

  it('is told when a tag or a repository does not exist', async () => {
    for (const reference of [`${repository}:no-such-tag`, 'no/such/repository:x']) {
      const answer = await runCommand('docker', ['pull', `127.0.0.1:${registry.port}/${reference}`]);
      expect(answer.exitCode).not.toBe(0);
      expect(answer.stderr).toMatch(/not found|unknown/);
    }
  });

  it('does not get an image one of whose pieces is damaged', async () => {
    const damagedFile = { path: 'snapshot/damaged', bytes: sampleBytes(2_000_000, 9) };
    await publishImage(registry, { repository, tag: 'damaged', layers: [[damagedFile]] });
    const key = `blobs/sha256/${digestOf(damagedFile.bytes).slice('sha256:'.length)}`;
    const damaged = Uint8Array.from(damagedFile.bytes);
    damaged[1_999_000] = (damaged[1_999_000] ?? 0) ^ 1;
    await objects.write(key, damaged, { sizeBytes: damaged.byteLength });
    const image = `127.0.0.1:${registry.port}/${repository}:damaged`;
    // The engine tries a cut transfer again for more than a minute; one refusal is enough here.
    const stopping = new AbortController();
    const pulling = runCommand('docker', ['pull', image], { signal: stopping.signal }).catch(() => undefined);
    await expect.poll(registry.log, { timeout: 30_000 }).toContain('DIGEST_MISMATCH');
    stopping.abort();
    await pulling;
    expect((await runCommand('docker', ['image', 'inspect', image])).exitCode).not.toBe(0);
  });
});
