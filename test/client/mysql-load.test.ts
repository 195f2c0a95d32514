import { describe, expect, it } from 'vitest';
import type { ImageReader } from '../../client/image-reader.ts';
import { type LoadPlan, planLoad, type Run } from '../../client/restore/mysql-load.ts';
import type { TargetTable } from '../../client/restore/mysql-progress.ts';
import { digestOf } from '../../core/digest.ts';
import type { ManifestTable } from '../../core/manifest.ts';

const mebibyte = 1024 * 1024;

/** A table of chunks of 1 MiB, of which eight are a run. */
function table(name: string, chunks: number): ManifestTable {
  const sizeBytes = mebibyte;
  const list = Array.from({ length: chunks }, (_item, index) => {
    const file = `${String(index).padStart(6, '0')}.zst`;
    return { file, digest: digestOf(name + file), rows: 1, sizeBytes, storedBytes: 1 };
  });
  return { schema: 's', name, path: `main/data/s.${name}`, load: 'LOAD', rows: chunks, sizeBytes: chunks * sizeBytes, chunks: list };
}
const target = (loaded: readonly number[] = [], transactional = true): TargetTable => ({
  transactional,
  loaded: new Set(loaded),
  indexed: false,
});

/** Gives chunks that nobody unpacks, and counts the tables that are being read. */
function createMemoryReader(): Pick<ImageReader, 'stored'> & { readonly mostAtOnce: () => number } {
  let [now, most] = [0, 0];
  return {
    async *stored(_table, chunks) {
      now += 1;
      most = Math.max(most, now);
      try {
        for (const chunk of chunks) {
          await new Promise((resolve) => setImmediate(resolve));
          yield { chunk, canonical: async () => new Uint8Array(chunk.sizeBytes) };
        }
      } finally {
        now -= 1;
      }
    },
    mostAtOnce: () => most,
  };
}

/** What so many sessions take that load at different speeds, and the tables in the order in which they were complete. */
async function takeAll(plan: LoadPlan, sessions: number): Promise<{ runs: Run[]; complete: string[] }> {
  const runs: Run[] = [];
  const complete: string[] = [];
  const session = async (turns: number): Promise<void> => {
    for (let run = await plan.take(); run; run = await plan.take()) {
      runs.push(run);
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (plan.done(run)) complete.push(run.table.name);
    }
  };
  await Promise.all(Array.from({ length: sessions }, (_item, index) => session(index * 30)));
  await plan.close();
  return { runs, complete };
}

const chunkNumbers = (runs: readonly Run[], name: string): number[] =>
  runs
    .filter((run) => run.table.name === name)
    .flatMap((run) => run.chunks.map(({ chunk }) => run.table.chunks.indexOf(chunk)))
    .sort((a, b) => a - b);
const upTo = (count: number): number[] => Array.from({ length: count }, (_item, index) => index);

describe('the plan of a load', () => {
  it.each([1, 2, 5])('gives every chunk once to %i sessions, and tells the end of each table', async (sessions) => {
    const tables = [table('two', 16), table('one', 3), table('none', 0), table('many', 50), table('odd', 17)];
    const plan = planLoad(
      createMemoryReader(),
      tables,
      tables.map(() => target()),
      { sessions, sharesTables: true },
    );
    const { runs, complete } = await takeAll(plan, sessions);
    for (const { name, chunks } of tables) expect(chunkNumbers(runs, name)).toEqual(upTo(chunks.length));
    for (const run of runs) expect(run.sizeBytes).toBe(run.chunks.length * mebibyte);
    expect([...complete].sort()).toEqual(['many', 'odd', 'one', 'two']);
    expect(plan.complete.map(({ number }) => number)).toEqual([2]);
  });

  it('gives only what is not loaded, in runs without gaps', async () => {
    const tables = [table('cut', 12)];
    const plan = planLoad(createMemoryReader(), tables, [target([0, 1, 2, 6])], { sessions: 2, sharesTables: true });
    const { runs } = await takeAll(plan, 2);
    expect(runs.map(({ first, chunks }) => [first, chunks.length]).sort()).toEqual([
      [3, 3],
      [7, 5],
    ]);
  });

  it('reads few tables at once, however many there are', async () => {
    const tables = upTo(20).map((number) => table(`t${number}`, 20));
    const reader = createMemoryReader();
    const plan = planLoad(
      reader,
      tables,
      tables.map(() => target()),
      { sessions: 2, sharesTables: true },
    );
    expect((await takeAll(plan, 2)).complete).toHaveLength(20);
    // For each session one that it waits for the end of, and one to go on with.
    expect(reader.mostAtOnce()).toBeLessThanOrEqual(4);
  });

  it.each([
    ['where the server locks a table that is loaded', true, false],
    ['where a table has no transactions', false, true],
  ])('gives a table to one session at a time %s', async (_where, transactional, sharesTables) => {
    const tables = [table('large', 40), table('small', 10)];
    const plan = planLoad(
      createMemoryReader(),
      tables,
      tables.map(() => target([], transactional)),
      { sessions: 3, sharesTables },
    );
    const [first, second, third] = [await plan.take(), await plan.take(), await plan.take()];
    expect([first?.table.name, second?.table.name, third]).toEqual(['large', 'small', undefined]);
    await plan.close();
  });
});
