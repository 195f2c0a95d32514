import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createFolderObjects } from '../../storage/index.ts';
import { openCollectedStore, pullEverything } from './collected-store.ts';
import { reachedBlobs } from './reached-blobs.ts';
import { listOf } from './stream-samples.ts';

export type KilledCollectors = {
  /** How many snapshots each of two builders publishes, removing its older ones. */
  readonly rounds: number;
  /** After which a collector may take what nothing reaches, and after which it takes a sweep for abandoned. */
  readonly graceMs: number;
  readonly takeoverMs: number;
  /** The storage operation at which the next collector is killed. */
  readonly nextOperation: () => number;
};

/**
 * Two builders at work, and collectors beside them that are killed one after the other: each a process of its own on one folder. Nothing that
 * was acknowledged is lost, and the runs after that leave nothing that is not reached.
 */
export async function expectNothingLostToKilledCollectors({ rounds, graceMs, takeoverMs, nextOperation }: KilledCollectors): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dyn-data-collector-'));
  /** What it printed and how it ended. */
  const work = async (mode: 'build' | 'collect', seed: number, count: number) => {
    const program = join(import.meta.dirname, '../storage/collector/work-program.ts');
    const args = [mode, folder, seed, count, graceMs, takeoverMs].map(String);
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    return { lines: text.split('\n').filter((line) => line !== ''), code, signal };
  };
  try {
    const building = Promise.all([work('build', 1, rounds), work('build', 2, rounds)]);
    let [kills, isBuilding] = [0, true];
    void building.finally(() => {
      isBuilding = false;
    });
    while (isBuilding || kills === 0) {
      const { signal, code } = await work('collect', 0, nextOperation());
      if (signal === 'SIGKILL') kills += 1;
      // One that finds another's open sweep ends with an error and nothing done.
      else expect([0, 1]).toContain(code);
    }
    const builders = await building;
    for (const { code } of builders) expect(code).toBe(0);

    const objects = await createFolderObjects({ folder, newId: randomUUID });
    const store = openCollectedStore(objects, { clock: () => new Date(), graceMs, newId: randomUUID, takeoverMs });
    const seen = await pullEverything(store);
    for (const { lines } of builders) {
      const named = (what: string): string[] => lines.filter((line) => line.startsWith(what)).map((line) => line.slice(what.length));
      const removed = new Set(named('removing '));
      const published = named('published ');
      expect(published.length).toBeGreaterThan(rounds / 2);
      for (const digest of published) if (!removed.has(digest)) expect(seen.has(digest), `${digest} is lost`).toBe(true);
    }

    const left = async (): Promise<string[]> => {
      await store.run();
      return (await listOf(objects.list('blobs/'))).map(({ key }) => key.slice('blobs/sha256/'.length)).sort();
    };
    const reached = [...(await reachedBlobs(store))].sort();
    await expect.poll(left, { interval: graceMs, timeout: 2 * takeoverMs + 10 * graceMs + 20_000 }).toEqual(reached);
    expect(await pullEverything(store)).toEqual(seen);
    expect([...(await reachedBlobs(store))].sort()).toEqual(reached);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
