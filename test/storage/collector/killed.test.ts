import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFolderObjects } from '../../../storage/index.ts';
import { openCollectedStore, pullEverything } from '../../support/collected-store.ts';
import { reachedBlobs } from '../../support/reached-blobs.ts';
import { seededRandom } from '../../support/stepped-objects.ts';
import { listOf } from '../../support/stream-samples.ts';

const minutesMs = 60_000;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-collector-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A process of its own; what it printed and how it ended. */
async function work(
  mode: 'build' | 'collect',
  seed: number,
  count: number,
): Promise<{ lines: string[]; signal: string | null; code: number | null }> {
  const program = join(import.meta.dirname, 'work-program.ts');
  const child = spawn(process.execPath, [program, mode, folder, String(seed), String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { lines: text.split('\n').filter((line) => line !== ''), code, signal };
}

test('builds beside collectors that are killed at any operation lose nothing, and the next run frees the rest', {
  timeout: 5 * minutesMs,
}, async () => {
  const random = seededRandom(Date.now());
  const building = Promise.all([work('build', 1, 20), work('build', 2, 20)]);
  let [runs, kills, isBuilding] = [0, 0, true];
  void building.finally(() => {
    isBuilding = false;
  });
  while (isBuilding) {
    const { signal, code } = await work('collect', 0, 1 + Math.floor(random() * 500));
    runs += 1;
    if (signal === 'SIGKILL') kills += 1;
    // One that finds another's open sweep ends with an error and nothing done.
    else expect([0, 1]).toContain(code);
  }
  const builders = await building;
  for (const { code } of builders) expect(code).toBe(0);
  expect(runs).toBeGreaterThan(2);
  expect(kills).toBeGreaterThan(0);

  const objects = await createFolderObjects({ folder, newId: randomUUID });
  const store = openCollectedStore(objects, { clock: () => new Date(), graceMs: 1500, newId: randomUUID, takeoverMs: 8000 });
  const seen = await pullEverything(store);
  for (const { lines } of builders) {
    const removed = new Set(lines.filter((line) => line.startsWith('removing ')).map((line) => line.slice('removing '.length)));
    const published = lines.filter((line) => line.startsWith('published ')).map((line) => line.slice('published '.length));
    expect(published.length).toBeGreaterThan(10);
    for (const digest of published) if (!removed.has(digest)) expect(seen.has(digest), `${digest} is lost`).toBe(true);
  }

  await sleep(9_000);
  for (let run = 0; run < 3; run += 1) {
    await store.run();
    await sleep(3_000);
  }
  expect(await pullEverything(store)).toEqual(seen);
  const stored = (await listOf(objects.list('blobs/'))).map(({ key }) => key.slice('blobs/sha256/'.length)).sort();
  expect(stored).toEqual([...(await reachedBlobs(store))].sort());
});
