import { spawnSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundledClient, clientBundle } from '../support/client-bundle.ts';
import { describeWithEngine } from '../support/engine.ts';
import { mysqlSource } from '../support/shop-data.ts';
import { createShopStack, directory, push, type ShopStack } from '../support/shop-stack.ts';

const rows = [150_000, 600_000] as const;

describeWithEngine('a client that is light', () => {
  let stack: ShopStack;
  beforeAll(async () => {
    await bundledClient();
    stack = await createShopStack('dyn-data-test-light');
    for (const customers of rows) await stack.publish(`of-${customers}`, [mysqlSource({ customers, chunkRows: 10_000 }), push, directory]);
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  test('shows its help at most 50 ms later than Node does nothing', async () => {
    const empty = join(stack.client.folder, 'empty.mjs');
    await writeFile(empty, '');
    const took = (...args: string[]): number => {
      const startedMs = performance.now();
      expect(spawnSync(process.execPath, args, { stdio: 'ignore' }).status).toBe(0);
      return performance.now() - startedMs;
    };
    // In turns, and the best of many: what else the machine does is no part of it.
    const times = Array.from({ length: 41 }, () => [took(clientBundle, '--help'), took(empty)] as const);
    const [ours, bare] = [0, 1].map((which) => Math.min(...times.map((pair) => pair[which as 0 | 1]))) as [number, number];
    console.log(`--help ${ours.toFixed(0)} ms, Node alone ${bare.toFixed(0)} ms`);
    expect(ours - bare).toBeLessThanOrEqual(50);
    await rm(empty);
  });

  test.runIf(process.platform === 'linux')('has as much in memory for four times the rows', async () => {
    const peaks: number[] = [];
    for (const customers of rows) {
      const { child, ended } = await stack.client.start(['up', '--replace', `of-${customers}`]);
      let peak = 0;
      while (child.exitCode === null && child.signalCode === null) {
        const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
        peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0));
        await sleep(50);
      }
      const { exitCode, stderr } = await ended;
      expect(exitCode, stderr).toBe(0);
      peaks.push(peak / 1024);
    }
    console.log(`restoring ${rows.join(' and ')} rows: ${peaks.map((peak) => peak.toFixed(0)).join(' and ')} MiB at most`);
    const [once = 0, fourTimes = 0] = peaks;
    expect(once).toBeGreaterThan(40);
    expect(fourTimes).toBeLessThan(once * 1.2);
  });
});
