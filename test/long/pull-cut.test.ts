import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bake } from '../../builder/bake.ts';
import type { LayerFile } from '../../builder/layers.ts';
import { digestOf, type Manifest, type ManifestTable, toolVersion } from '../../core/index.ts';
import { runCommand } from '../../scripts/run-command.ts';
import { createBlobStore, createCatalog, createMemoryObjects } from '../../storage/index.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { describeWithEngine } from '../support/engine.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const repository = 'dynamease';
const chunkBytes = 2_000_000;
/** Manifests, configs, and the beginnings of what is asked for again. */
const slackBytes = 600_000;

const never = new AbortController().signal;

describeWithEngine('a pull that is cut', () => {
  const objects = createMemoryObjects();
  const blobs = createBlobStore(objects);
  const catalog = createCatalog(objects, { clock: () => new Date() });
  let registry: RunningRegistry;
  let proxy: TcpProxy;
  let client: ClientProject;

  const start = (): Promise<RunningRegistry> => startRegistry({ objects, build: () => async () => ({ digest: digestOf('unused') }) });

  /** Publishes an image of composed layers, as the builder makes them, of so many chunks. Gives the bytes of its layers. */
  async function publish(tag: string, chunks: readonly Uint8Array[]): Promise<number> {
    const table: ManifestTable = { schema: 's', name: 't', path: 'mysql/data/s.t', rows: 0, sizeBytes: 0, load: 'LOAD', chunks: [] };
    const data: LayerFile[] = [];
    for (const [index, bytes] of chunks.entries()) {
      const content = { digest: digestOf(bytes), sizeBytes: bytes.length };
      const file = `${String(index).padStart(6, '0')}.tsv.zst`;
      await blobs.write(content, bytes);
      data.push({ path: `snapshot/${table.path}/${file}`, content, boundary: 0 });
      table.chunks.push({ file, digest: content.digest, rows: 1, sizeBytes: bytes.length, storedBytes: bytes.length });
    }
    const manifest: Manifest = {
      schemaVersion: 1,
      tool: { name: 'dyn-data', version: toolVersion },
      environment: 'prod',
      policy: { digest: digestOf('policy') },
      key: { id: 'key' },
      sources: [
        {
          name: 'mysql',
          kind: 'mysql',
          server: { product: 'MySQL', version: '9' },
          consistency: { method: 'global-read-lock', consistent: true, notCovered: [] },
          databases: [],
          before: [],
          tables: [table],
          after: [],
        },
      ],
    };
    const image = await bake(manifest, { data, schema: [] }, blobs, never);
    await catalog.putManifest(repository, image);
    await catalog.moveTag(repository, tag, image.digest);
    return image.sizeBytes;
  }

  const fresh = (count: number): Uint8Array[] => Array.from({ length: count }, () => Uint8Array.from(randomBytes(chunkBytes)));
  /** An image that no engine has seen yet. */
  const publishFresh = (tag: string): Promise<number> => publish(tag, fresh(16));

  beforeEach(async () => {
    registry = await start();
    // The engine knows images by the address of their registry: a new proxy is a new one.
    proxy = await startProxy({ port: registry.port });
    client = await createClientProject({ registry: `http://127.0.0.1:${proxy.port}`, repository });
  });
  afterEach(async () => {
    const name = `127.0.0.1:${proxy.port}/${repository}`;
    const listed = await runCommand('docker', ['images', '--digests', '--format', '{{.Repository}}@{{.Digest}}', name]);
    for (const image of listed.stdout.split('\n')) if (image !== '') await runCommand('docker', ['image', 'rm', image]);
    await client[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await registry.stop();
  });

  const pull = async (tag: string): Promise<string> => {
    const { exitCode, stderr } = await client.run(['pull', tag]);
    expect(exitCode, stderr).toBe(0);
    return stderr;
  };

  it('goes on within the layer when the connection breaks, since ranges are served of composed layers too', async () => {
    const sizeBytes = await publishFresh('cut');
    const cut = proxy.trap(1_500_000, 'cut');
    await pull('cut');
    await cut;
    expect(proxy.servedBytes).toBeGreaterThan(sizeBytes);
    expect(proxy.servedBytes).toBeLessThan(sizeBytes + slackBytes);
  });

  it('goes on when the registry was stopped meanwhile and runs again', async () => {
    const sizeBytes = await publishFresh('restarted');
    const restarted = proxy.trap(1_500_000, {
      during: async () => {
        proxy.cutAll();
        await registry.stop();
        registry = await start();
        proxy.leadTo(registry.port);
      },
    });
    await pull('restarted');
    await restarted;
    // What was on its way when everything was cut may be sent twice, never a layer that had come.
    expect(proxy.servedBytes).toBeLessThan(sizeBytes + chunkBytes + slackBytes);
  });

  it('may be started again after an interruption, and then transfers what the engine has not kept', async () => {
    const sizeBytes = await publishFresh('interrupted');
    const { child, ended } = await client.start(['pull', 'interrupted']);
    const exitCode = await new Promise<number | null>((resolve) => {
      void proxy.trap(1_500_000, {
        during: async () => {
          child.kill('SIGINT');
          resolve((await ended).exitCode);
        },
      });
    });
    expect(exitCode).toBe(7);
    // What was on its way to the engine still arrives.
    await expect
      .poll(async () => {
        const bytes = proxy.servedBytes;
        await sleep(500);
        return proxy.servedBytes - bytes;
      })
      .toBe(0);
    const before = proxy.servedBytes;
    await pull('interrupted');
    process.stderr.write(`of ${sizeBytes} bytes, ${before} before the interruption, ${proxy.servedBytes - before} after it\n`);
    expect(proxy.servedBytes - before).toBeLessThan(sizeBytes + slackBytes);
  });

  it('transfers of the next snapshot only the layers that the engine has not, and says how much that was', async () => {
    const transferred = async (tag: string): Promise<number> => {
      const { exitCode, stdout, stderr } = await client.run(['pull', tag, '--json']);
      expect(exitCode, stderr).toBe(0);
      return JSON.parse(stdout).transferredBytes;
    };
    const chunks = fresh(8);
    await publish('first', chunks);
    expect(await transferred('first')).toBeGreaterThan(8 * chunkBytes);
    const before = proxy.servedBytes;
    await publish('next', [...chunks, ...fresh(2)]);
    const said = await transferred('next');
    for (const bytes of [said, proxy.servedBytes - before]) {
      expect(bytes).toBeGreaterThan(2 * chunkBytes);
      expect(bytes).toBeLessThan(2 * chunkBytes + slackBytes);
    }
    expect(await transferred('next')).toBe(0);
  });

  it('is tried again by the client where the engine gave up, and says so', async () => {
    await publishFresh('refused');
    let refusals = 0;
    proxy.refuse((request) => {
      const isEngine = /^user-agent: docker\//im.test(request);
      if (isEngine) refusals += 1;
      return isEngine && refusals <= 2;
    });
    expect(await pull('refused')).toMatch(/Trying again in 1 s \(1 of 3\)/);
  });

  it('is given up by the client after some attempts, with what the engine says', async () => {
    await publishFresh('never');
    proxy.refuse((request) => /^user-agent: docker\//im.test(request));
    const { exitCode, stderr } = await client.run(['pull', 'never']);
    expect(exitCode).toBe(5);
    expect(stderr.match(/Trying again/g)).toHaveLength(3);
    expect(stderr).toMatch(/docker pull .* failed/);
  });
});
