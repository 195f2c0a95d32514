import { afterAll, beforeAll, expect, test } from 'vitest';
import { isDebianAsRoot } from '../../scripts/debian.ts';
import type { NewerEngine } from '../../scripts/newer-engine.ts';
import type { ClientRun } from '../support/client-project.ts';
import type { DataImage } from '../support/data-image.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { startSecondEngine } from '../support/second-engine.ts';
import { mysqlSource } from '../support/shop-data.ts';
import { createShopStack, directory, installations, people, push, type ShopStack, shopImages } from '../support/shop-stack.ts';

const project = 'dyn-data-test-newer';
const customers = { first: 2500, moved: 1200 };
const canStart = await isDebianAsRoot();

for (const [store, containerdStore] of [
  ['its own store', false],
  ["containerd's store", true],
] as const) {
  describeWithEngine(`the client with Docker 28 and images in ${store}`, () => {
    let engine: NewerEngine;
    let stack: ShopStack;
    let first: DataImage;

    beforeAll(async () => {
      if (!canStart) return;
      engine = await startSecondEngine(shopImages(), { containerdStore });
      stack = await createShopStack(project, engine.env);
      first = await stack.publish('first', [mysqlSource({ customers: customers.first, chunkRows: 1000 }), push, directory]);
    });
    afterAll(async () => {
      await stack?.[Symbol.asyncDispose]();
      await engine?.[Symbol.asyncDispose]();
    });
    const run = async (...args: string[]): Promise<ClientRun> => {
      const ended = await stack.client.run(args);
      expect(ended.exitCode, ended.stderr).toBe(0);
      return ended;
    };
    const runJson = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout);
    const listed = async (...args: string[]): Promise<string> => (await stack.client.docker(args)).stdout.trim();

    test.runIf(canStart)('pulls, brings up and tells what is there', async () => {
      expect(engine.version).toMatch(/^2[89]\./);
      expect((await run('pull', 'first')).stdout).toMatch(/ kB, [\d.]+ kB of it transferred; /);
      expect((await run('pull', 'first')).stdout).toContain('all of it was here');
      const up = await runJson('up');
      expect(up).toMatchObject({ project, reference: 'first', digest: first.digest });
      const rows = up.services.map((one: { service: string; restored?: { rows: number } }) => [one.service, one.restored?.rows]);
      expect(Object.fromEntries(rows)).toEqual({ db: 2510, 'push-db': installations, directory: people + 2, reader: undefined });
      expect(await stack.readerSaw()).toBe(String(customers.first));
      const { services } = await runJson('status');
      for (const one of services) expect(one).toMatchObject({ state: 'running' });
      expect(await stack.stateOf('db')).toMatchObject({ health: 'healthy', snapshot: { state: 'restored', digest: first.digest } });
      expect(await runJson('verify', '--restored')).toMatchObject({ restored: Array(3).fill({ state: 'same' }) });
      // The registry of this test gives no tokens out, which is for the doctor to say too.
      const { checks } = JSON.parse((await stack.client.run(['doctor', '--json'])).stdout);
      expect(checks).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ name: 'engine', state: 'ok', found: `Docker ${engine.version}` }),
          expect.objectContaining({ name: 'compose', state: 'ok' }),
        ]),
      );
      expect(await stack.helpers()).toBe('');
    });

    test.runIf(canStart)('brings back with reset what was changed', async () => {
      await stack.mysql('DELETE FROM shop.orders');
      expect(await stack.stateOf('db')).toMatchObject({ snapshot: { changed: 'yes' } });
      await run('reset', '--service', 'db', '--yes');
      expect(await stack.mysql('SELECT COUNT(*) FROM shop.orders')).toEqual([['10']]);
    });

    test.runIf(canStart)('keeps with --locked to what was pinned, and follows the tag without', async () => {
      await run('pin', 'first');
      const moved = await stack.publish('first', [mysqlSource({ customers: customers.moved, chunkRows: 1000 }), push, directory]);
      expect(await runJson('up', '--locked')).toMatchObject({ digest: first.digest });
      expect(await stack.mysql('SELECT COUNT(*) FROM shop.customers')).toEqual([[String(customers.first)]]);
      const refused = await stack.client.run(['up', '--locked'], { LDAP_IMAGE: imageVariables().MYSQL_IMAGE ?? '' });
      expect(refused.stderr).toContain('error LOCK_MISMATCH');
      expect(await runJson('up', 'first')).toMatchObject({ digest: moved.digest });
      expect(await stack.mysql('SELECT COUNT(*) FROM shop.customers')).toEqual([[String(customers.moved)]]);
      expect(await stack.readerSaw()).toBe(String(customers.moved));
    });

    test.runIf(canStart)('leaves nothing after down -v', async () => {
      await run('down', '-v');
      expect(await listed('ps', '--all', '--quiet')).toBe('');
      expect(await listed('volume', 'ls', '--quiet')).toBe('');
      expect(await listed('network', 'ls', '--filter', 'type=custom', '--quiet')).toBe('');
    });
  });
}
