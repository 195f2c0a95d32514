import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Server, startServer } from '../../bench/servers.ts';
import { isEnded, type Job, type ObjectStore, routePath, routes } from '../../core/index.ts';
import { startRegistry, stopRegistry } from '../../demo/registry-process.ts';
import { createFolderObjects } from '../../storage/index.ts';
import { createS3Objects } from '../../storage/s3-objects.ts';
import { fillMysqlBulk } from '../support/bulk-tables.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { type HttpMeter, startHttpMeter } from '../support/http-meter.ts';
import { type S3Server, startS3 } from '../support/s3-server.ts';
import { startProxy } from '../support/tcp-proxy.ts';

const password = 'killed half way';
const bucket = 'dyn-data-test-killed';
const rows = 60_000;
/** What the source has sent of one table's 30 MB when the registry is killed. */
const middleBytes = 12_000_000;

const policy = {
  version: 1,
  sources: {
    mysql: { comments: 'keep', programs: { keep: ['*'] }, defaults: { keep: ['*'] }, tables: { bulk: { keep: ['id', 'body'] } } },
  },
};

describeWithEngine('a build whose process is killed half way, and that is run again', () => {
  let folder = '';
  let source: Server;
  let s3: S3Server;
  let meter: HttpMeter;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-killed-'));
    [source, s3] = await Promise.all([
      startServer({
        name: 'dyn-data-test-killed-mysql',
        image: imageVariables().MYSQL_IMAGE ?? '',
        port: 3306,
        env: { MYSQL_ROOT_PASSWORD: password },
        command: [],
        ready: `MYSQL_PWD='${password}' mysql -h127.0.0.1 -uroot -e 'SELECT 1'`,
      }),
      startS3(),
    ]);
    await fillMysqlBulk({ port: source.port, password }, { database: 'shop', tables: ['bulk'], rows });
    meter = await startHttpMeter(s3.endpoint);
    const client = new S3Client({ endpoint: s3.endpoint, region: s3.region, forcePathStyle: true, credentials: s3 });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
    await writeFile(join(folder, 'policy.yaml'), stringify(policy));
  });
  afterAll(async () => {
    await meter?.[Symbol.asyncDispose]();
    await s3?.stop();
    await source?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const env = (): NodeJS.ProcessEnv => ({
    ...process.env,
    TEST_KEY: '01'.repeat(32),
    TEST_PASSWORD: password,
    TEST_S3_ID: s3.accessKeyId,
    TEST_S3_SECRET: s3.secretAccessKey,
  });
  const s3Options = () => ({ region: s3.region, bucket, prefix: 'store/', pathStyle: true });
  const storages = {
    folder: { config: () => ({ folder: 'store' }), open: () => createFolderObjects({ folder: join(folder, 'store'), newId: randomUUID }) },
    s3: {
      config: () => ({
        s3: { ...s3Options(), endpoint: meter.url, accessKeyId: { env: 'TEST_S3_ID' }, secretAccessKey: { env: 'TEST_S3_SECRET' } },
      }),
      open: () =>
        createS3Objects({ ...s3Options(), endpoint: s3.endpoint, accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey }),
    },
  };

  async function startOn(storage: object, port: number) {
    const configFile = join(folder, `registry-${randomUUID()}.yaml`);
    const mysql = { kind: 'mysql', host: '127.0.0.1', port, user: 'root', password: { env: 'TEST_PASSWORD' }, databases: ['shop'] };
    const environments = { prod: { repository: 'shop', policy: 'policy.yaml', key: { env: 'TEST_KEY' }, sources: { mysql } } };
    await writeFile(configFile, stringify({ version: 1, listen: { port: 0 }, storage, environments }));
    return startRegistry(configFile, join(folder, 'registry.log'), env());
  }
  async function create(url: string): Promise<Job> {
    const request = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ environment: 'prod', tag: 'night' }),
    };
    return routes.createSnapshot.answer.parse(await (await fetch(`${url}${routes.createSnapshot.path}`, request)).json());
  }
  async function ended(url: string, id: string): Promise<Job> {
    for (;;) {
      const job = routes.showJob.answer.parse(await (await fetch(`${url}${routePath(routes.showJob.path, { id })}`)).json());
      if (isEnded(job.state)) return job;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Of each object its key, size and version: one that is written again, even with the same bytes, has another. */
  async function contents(objects: ObjectStore, prefix: string): Promise<Map<string, { sizeBytes: number; etag: string }>> {
    const found = new Map<string, { sizeBytes: number; etag: string }>();
    for await (const { key, sizeBytes, etag } of objects.list(prefix)) found.set(key, { sizeBytes, etag });
    return found;
  }
  const bytesOf = (objects: Map<string, { sizeBytes: number }>): number =>
    [...objects.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

  it.each(['folder', 's3'] as const)('sends nothing to the storage (%s) that is there already', async (kind) => {
    const storage = storages[kind];
    await using proxy = await startProxy({ port: source.port });
    const killed = await startOn(storage.config(), proxy.port);
    const middle = proxy.trap(middleBytes, { during: async () => process.kill(killed.pid, 'SIGKILL') });
    await create(killed.url);
    await middle;
    await expect
      .poll(() =>
        fetch(killed.url).then(
          () => 'answers',
          () => 'gone',
        ),
      )
      .toBe('gone');

    const objects = await storage.open();
    const before = await contents(objects, 'blobs/');
    expect(before.size).toBeGreaterThan(2);
    expect((await contents(objects, 'tags/')).size).toBe(0);
    meter.requests.length = 0;

    const again = await startOn(storage.config(), source.port);
    try {
      const { id } = await create(again.url);
      expect(await ended(again.url, id)).toMatchObject({ state: 'succeeded' });
      const after = await contents(objects, 'blobs/');
      for (const [key, object] of before) expect(after.get(key)).toEqual(object);
      const sent = bytesOf(after) - bytesOf(before);
      process.stderr.write(`${kind}: ${bytesOf(before)} bytes stored before the kill, ${sent} after it\n`);
      expect(sent).toBeGreaterThan(0);
      if (kind === 's3') {
        // Everything that went over the wire, whether it was taken or not.
        const puts = meter.requests.filter(({ method, path }) => method === 'PUT' && path.includes('/blobs/'));
        expect(puts.map(({ path }) => path.slice(`/${bucket}/store/`.length)).filter((key) => before.has(key))).toEqual([]);
        expect(puts.length).toBe(after.size - before.size);
        expect(puts.reduce((sum, { sentBytes }) => sum + sentBytes, 0)).toBeLessThan(sent * 1.05 + 10_000);
      } else expect(await readdir(join(folder, 'store', '~tmp'))).toEqual([]);

      // The same once more: not one blob.
      meter.requests.length = 0;
      expect(await ended(again.url, (await create(again.url)).id)).toMatchObject({ state: 'succeeded' });
      expect(await contents(objects, 'blobs/')).toEqual(after);
      expect(meter.requests.filter(({ method, path }) => method === 'PUT' && path.includes('/blobs/'))).toEqual([]);
    } finally {
      await stopRegistry(again.pid);
    }
  });
});
