import { parseArgs } from 'node:util';
import { type BuildCost, buildCost } from '../demo/proofs/memory.ts';
import { removeSample, seedSample } from '../sample/seed-sample.ts';
import { isSampleSize, type SampleSize } from '../sample/sizes.ts';
import { bundleClient } from '../scripts/bundle-client.ts';
import { median, printResult } from './measure.ts';

const usage = `Usage: node bench/growth.ts --size small|demo [--runs N]

Builds snapshots of the sample system at its size, at twice and at four times that, each in a registry process of its own that is started as
an operator starts it, and prints how much memory the process had resident at most and how long a row takes.`;

const { values } = parseArgs({ options: { size: { type: 'string', default: 'demo' }, runs: { type: 'string', default: '3' } } });
const sizes = ['', '-x2', '-x4'].map((times) => `${values.size}${times}`);
const runs = Number(values.runs);
if (!sizes.every(isSampleSize) || !Number.isInteger(runs) || runs < 1) {
  console.error(usage);
  process.exit(2);
}

const log = (line: string): void => console.error(`  ${line}`);
const project = 'dyn-data-bench-growth';
const postgresImage = process.env.POSTGRES_IMAGE ?? 'postgres:18';

/** Fills a sample system, builds from it, and removes it. */
async function costsAt(size: SampleSize): Promise<BuildCost[]> {
  try {
    const connections = await seedSample({ size, project, env: process.env, log });
    const costs: BuildCost[] = [];
    for (let run = 0; run < runs; run += 1) {
      const cost = await buildCost(connections, postgresImage, process.env);
      costs.push(cost);
      log(
        `${size}: ${cost.rows} rows in ${(cost.durationMs / 1_000).toFixed(1)} s, at most ${Math.round(cost.peakBytes / 1e6)} MB resident`,
      );
    }
    return costs;
  } finally {
    await removeSample({ project, env: process.env });
  }
}

await bundleClient();
const costs: BuildCost[][] = [];
for (const size of sizes as SampleSize[]) costs.push(await costsAt(size));
const figures = (figure: (cost: BuildCost) => number): number[] => costs.map((all) => median(all.map(figure)));
const peaks = figures(({ peakBytes }) => peakBytes / 1e6);
const perRow = figures(({ durationMs, rows }) => (durationMs * 1_000) / rows);
const [once, , fourTimes] = peaks as [number, number, number];
const most = Math.max(...peaks);
printResult({ name: 'memory-builder', value: most, unit: 'MB resident at most, of any size', aim: '<= 350', ours: most, peer: 350 });
printResult({
  name: 'memory-builder-growth',
  value: fourTimes / once,
  unit: 'of that with a quarter of the data',
  aim: '<= 1.1',
  ours: fourTimes,
  peer: once,
});
const [rowOnce, , rowFourTimes] = perRow as [number, number, number];
printResult({
  name: 'growth-time',
  value: rowFourTimes / rowOnce,
  unit: 'of the µs for each row with a quarter of the data',
  aim: '<= 1.1',
  ours: rowFourTimes,
  peer: rowOnce,
});
