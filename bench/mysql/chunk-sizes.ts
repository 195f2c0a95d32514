import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withFolder } from '../build-snapshot.ts';
import { median, printResult } from '../measure.ts';
import { changeOneRange, changeScattered, type Night, nightsInto } from './night.ts';
import { fill, sourceOptions, startMysql } from './server.ts';

const usage = `Usage: node bench/mysql/chunk-sizes.ts --rows N [--runs N]

What chunks of other sizes would cost: for each size the bytes and the number of chunks of the first night, its time, and the bytes stored after
1 % of all rows changed in one range, and after 0.1 % changed all over.`;

/** Of the middle one, in KiB; a chunk has between a quarter and four times as much, as with the sizes of builder/pack.ts. */
const targets = [64, 128, 256, 512, 1024, 2048];
const kibibyte = 1024;

const { values } = parseArgs({ options: { rows: { type: 'string', default: '8000000' }, runs: { type: 'string', default: '1' } } });
const [rows, runs] = [Number(values.rows), Number(values.runs)];
if (!Number.isInteger(rows) || rows < 800 || !Number.isInteger(runs) || runs < 1) {
  console.error(usage);
  process.exit(2);
}

type Cost = { readonly first: Night; readonly chunks: number; readonly range: Night; readonly scattered: Night };

const folder = await mkdtemp(join(tmpdir(), 'dyn-data-chunk-sizes-'));
try {
  await using source = await startMysql('dyn-data-bench-mysql', sourceOptions);
  await fill(source, rows);
  // The first build of a process pays for compiling the program.
  await withFolder(folder, (own) => nightsInto(own, source)());
  const costs = new Map<number, Cost[]>(targets.map((target) => [target, []]));
  for (let run = 0; run < runs; run += 1) {
    for (const [target, all] of costs) {
      const targetBytes = target * kibibyte;
      const cost = await withFolder(folder, async (store): Promise<Cost> => {
        const night = nightsInto(store, source, { minBytes: targetBytes / 4, targetBytes, maxBytes: targetBytes * 4 });
        const first = await night();
        const files = await readdir(join(store, 'chunks'), { recursive: true, withFileTypes: true });
        await changeOneRange(source, rows, 0.4);
        const range = await night();
        await changeScattered(source, run);
        return { first, chunks: files.filter((file) => file.isFile()).length, range, scattered: await night() };
      });
      all.push(cost);
      console.error(
        `  ${target} KiB: ${(cost.first.storedBytes / 1e6).toFixed(1)} MB in ${cost.chunks} chunks, ${cost.first.seconds.toFixed(2)} s; a range: ${(cost.range.storedBytes / 1e6).toFixed(2)} MB, ${cost.range.seconds.toFixed(2)} s; all over: ${(cost.scattered.storedBytes / 1e6).toFixed(2)} MB`,
      );
    }
  }
  const largest = costs.get(targets.at(-1) as number) as Cost[];
  for (const [target, all] of costs) {
    const line = (name: string, unit: string, ours: number, peer: number): void =>
      printResult({ name: `chunk-size-${target}-KiB-${name}`, value: ours / peer, unit, aim: 'none', ours, peer });
    const of = (which: readonly Cost[], figure: (cost: Cost) => number): number => median(which.map(figure));
    const first = of(all, (cost) => cost.first.storedBytes);
    line(
      'bytes',
      'of those with the largest chunks',
      first,
      of(largest, (cost) => cost.first.storedBytes),
    );
    line('chunks', 'times those of the largest', all[0]?.chunks ?? 0, largest[0]?.chunks ?? 0);
    line(
      'time',
      'of that with the largest chunks',
      of(all, (cost) => cost.first.seconds),
      of(largest, (cost) => cost.first.seconds),
    );
    line(
      'contiguous-bytes-stored',
      "of the first night's",
      of(all, (cost) => cost.range.storedBytes),
      first,
    );
    line(
      'scattered-bytes-stored',
      "of the first night's",
      of(all, (cost) => cost.scattered.storedBytes),
      first,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
