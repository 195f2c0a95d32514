import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withFolder } from '../build-snapshot.ts';
import { median, printResult } from '../measure.ts';
import { changeOneRange, changeRangeOfEach, changeScattered, type Night, nightsInto } from './night.ts';
import { fill, sourceOptions, startMysql } from './server.ts';

const usage = `Usage: node bench/mysql/nightly.ts --rows N [--runs N]

What the next night costs: a first snapshot into an empty store, then one after each change: of 1 % of all rows in one range of the
largest table, of a range of 1 % in each of the three tables, of 0.1 % all over. Bytes stored, bytes that docker pull transfers, and time, as
shares of the first night's; medians of runs with other rows changed.`;

const { values } = parseArgs({ options: { rows: { type: 'string', default: '8000000' }, runs: { type: 'string', default: '3' } } });
const [rows, runs] = [Number(values.rows), Number(values.runs)];
if (!Number.isInteger(rows) || rows < 800 || !Number.isInteger(runs) || runs < 1) {
  console.error(usage);
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'dyn-data-nightly-'));
try {
  await using source = await startMysql('dyn-data-bench-mysql', sourceOptions);
  await fill(source, rows);
  // The first build of a process pays for compiling the program.
  await withFolder(folder, (own) => nightsInto(own, source)());
  const nights = { first: [] as Night[], range: [] as Night[], ranges: [] as Night[], scattered: [] as Night[] };
  for (let run = 0; run < runs; run += 1) {
    const store = join(folder, `store-${run}`);
    await mkdir(store);
    const night = nightsInto(store, source);
    // Nowhere near where the tables' parts would begin.
    const at = (run + 0.4) / (runs + 0.4);
    nights.first.push(await night());
    await changeOneRange(source, rows, at);
    nights.range.push(await night());
    await changeRangeOfEach(source, rows, at);
    nights.ranges.push(await night());
    await changeScattered(source, run);
    nights.scattered.push(await night());
    await rm(store, { recursive: true });
    console.error(`  run ${run + 1}: ${Object.entries(nights).map(([name, [...all]]) => `${name} ${all.at(-1)?.seconds.toFixed(2)} s`)}`);
  }
  const print = (name: string, aim: string, which: keyof typeof nights, what: keyof Night): void => {
    const [ours, peer] = [median(nights[which].map((night) => night[what])), median(nights.first.map((night) => night[what]))];
    printResult({ name, value: ours / peer, unit: "of the first night's", aim, ours, peer });
  };
  print('nightly-contiguous-bytes-stored', '<= 0.03', 'range', 'storedBytes');
  print('nightly-contiguous-bytes-pulled', '<= 0.03', 'range', 'pulledBytes');
  print('nightly-three-ranges-bytes-stored', 'none', 'ranges', 'storedBytes');
  print('nightly-three-ranges-bytes-pulled', 'none', 'ranges', 'pulledBytes');
  print('nightly-scattered-bytes-stored', '<= 0.03', 'scattered', 'storedBytes');
  print('nightly-scattered-bytes-pulled', 'none', 'scattered', 'pulledBytes');
  print('nightly-time', '<= 0.7', 'range', 'seconds');
} finally {
  await rm(folder, { recursive: true, force: true });
}
