import { mkdir, mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { digestOf, imageManifestSchema, isEnded, type Job, routePath, routes } from '../../core/index.ts';
import { type RunningRegistry, startRegistry, stopRegistry } from '../../demo/registry-process.ts';
import type { SampleConnections } from '../../sample/connections.ts';
import { runOrFail } from '../../scripts/run-command.ts';
import { fillMysqlBulk } from '../support/bulk-tables.ts';

const database = 'filling';
const rows = 6_000;
const diskBytes = 48 * 1024 * 1024;
/** What is left on the disk: less than a chunk. */
const leftBytes = 100 * 1024;

const policy = {
  version: 1,
  // Of bytes by chance some read, decoded, as an address.
  leak_scan: { allow: [{ place: 'mysql filling.bulk.body', rule: 'email', reason: 'Bytes by chance.' }] },
  sources: {
    mysql: { comments: 'keep', programs: { keep: ['*'] }, defaults: { keep: ['*'] }, tables: { bulk: { keep: ['id', 'body'] } } },
  },
};

/** A file system of its own, which only root may mount. */
const describeAsRoot = process.getuid?.() === 0 ? describe : describe.skip;

/** @param sample is given a database */
export function diskFullSuite(sample: () => SampleConnections): void {
  describeAsRoot('a registry whose disk becomes full', () => {
    let folder = '';
    let disk = '';
    let registry: RunningRegistry;
    let my: mysql.Connection;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'dyn-data-full-'));
      disk = join(folder, 'disk');
      await mkdir(disk);
      await runOrFail('Mounting a small disk', 'mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'dyn-data-test', disk]);
      const { host, port, user, password } = sample().mysqlAdmin;
      await fillMysqlBulk({ port, password }, { database, tables: ['bulk'], rows });
      my = await mysql.createConnection({ host, port, user, password, database });
      await changeRows();
      await writeFile(join(folder, 'policy.yaml'), stringify(policy));
      const from = { kind: 'mysql', host, port, user, password: { env: 'TEST_PASSWORD' }, databases: [database] };
      const environments = { prod: { repository: 'shop', policy: 'policy.yaml', key: { env: 'TEST_KEY' }, sources: { mysql: from } } };
      const configFile = join(folder, 'registry.yaml');
      const storage = { folder: 'disk/store' };
      const jobs = { attempts: 2, retryDelaySeconds: 0.1 };
      await writeFile(configFile, stringify({ version: 1, listen: { port: 0 }, storage, jobs, environments }));
      const env = { ...process.env, TEST_KEY: '01'.repeat(32), TEST_PASSWORD: password };
      registry = await startRegistry(configFile, join(folder, 'registry.log'), env);
    });
    afterAll(async () => {
      if (registry) await stopRegistry(registry.pid);
      await my?.end();
      await runOrFail('Unmounting the small disk', 'umount', [disk]);
      await rm(folder, { recursive: true, force: true });
    });

    /** Bytes that no compressor makes smaller, others each time. */
    const changeRows = async (): Promise<void> => void (await my.query('UPDATE bulk SET body = HEX(RANDOM_BYTES(250))'));
    const post = (path: string, body: unknown): Promise<Response> =>
      fetch(`${registry.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    const ended = async (asked: Promise<Response>): Promise<Job> => {
      const answer = await asked;
      expect(answer.ok, await answer.clone().text()).toBe(true);
      const { id } = routes.showJob.answer.parse(await answer.json());
      for (;;) {
        const job = routes.showJob.answer.parse(await (await fetch(`${registry.url}${routePath(routes.showJob.path, { id })}`)).json());
        if (isEnded(job.state)) return job;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    const build = (tag: string): Promise<Job> => ended(post(routes.createSnapshot.path, { environment: 'prod', tag }));
    const verify = (): Promise<Job> => ended(post(routes.createJob.path, { kind: 'verify', repository: 'shop' }));
    /** Pulls an image as docker does; each blob must have its digest. */
    const pull = async (tag: string): Promise<number> => {
      const manifest = imageManifestSchema.parse(await (await fetch(`${registry.url}/v2/shop/manifests/${tag}`)).json());
      const blobs = [manifest.config, ...manifest.layers];
      for (const { digest } of blobs) {
        const bytes = new Uint8Array(await (await fetch(`${registry.url}/v2/shop/blobs/${digest}`)).arrayBuffer());
        expect(digestOf(bytes)).toBe(digest);
      }
      return blobs.length;
    };
    const manifestStatus = async (tag: string): Promise<number> => (await fetch(`${registry.url}/v2/shop/manifests/${tag}`)).status;
    const push = (bytes: Uint8Array<ArrayBuffer>): Promise<Response> =>
      fetch(`${registry.url}/v2/shop/blobs/uploads/?digest=${digestOf(bytes)}`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: bytes,
      });

    const filler = (): string => join(disk, 'filler');
    const fillDisk = async (): Promise<void> => {
      const { bavail, bsize } = await statfs(disk);
      await writeFile(filler(), Buffer.alloc(bavail * bsize - leftBytes));
    };

    it('fails builds and pushes with its reason, keeps what was acknowledged, and goes on when there is room', async () => {
      expect(await build('before')).toMatchObject({ state: 'succeeded' });
      await fillDisk();
      await changeRows();

      const failed = await build('during');
      expect(failed).toMatchObject({ state: 'failed', error: { code: 'STORAGE_FAILED' } });
      expect(failed.error?.detail).toContain('The disk of the storage folder is full. Free some space');
      const blob = Buffer.alloc(1024 * 1024, 'pushed');
      const refused = await push(blob);
      expect([refused.status, await refused.text()]).toEqual([502, expect.stringContaining('The disk of the storage folder is full')]);

      expect(await pull('before')).toBeGreaterThan(2);
      expect(await manifestStatus('during')).toBe(404);
      expect((await fetch(`${registry.url}/v2/shop/blobs/${digestOf(blob)}`, { method: 'HEAD' })).status).toBe(404);
      // What cannot be written down in the audit log is not begun.
      expect((await post(routes.createJob.path, { kind: 'verify', repository: 'shop' })).status).toBe(502);

      await rm(filler());
      expect(await build('after')).toMatchObject({ state: 'succeeded' });
      expect((await push(blob)).status).toBe(201);
      expect(await pull('before')).toBeGreaterThan(2);
      expect(await verify()).toMatchObject({ state: 'succeeded' });
      expect(await readdir(join(disk, 'store', '~tmp'))).toEqual([]);
    });
  });
}
