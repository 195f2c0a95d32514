import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { printResult } from '../measure.ts';
import { createRestore } from '../restore-by-client.ts';
import { fill, password, sourceOptions, startMysql, targetService } from './server.ts';
import { repository, snapshot, tag } from './snapshot.ts';

const usage = `Usage: node bench/mysql/client-memory.ts --rows N

Restores the large database with a quarter, half and all of the rows, and prints how much memory the client had resident at most.`;

const { values } = parseArgs({ options: { rows: { type: 'string', default: '8000000' } } });
const rows = Number(values.rows);
if (!Number.isInteger(rows) || rows < 32) {
  console.error(usage);
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'dyn-data-bench-'));
const client = join(folder, 'dyn-data.mjs');
try {
  await bundleClient(client);
  const peaks: number[] = [];
  for (const share of [1, 2, 4]) {
    const own = join(folder, String(share));
    await mkdir(join(own, 'store'), { recursive: true });
    {
      await using source = await startMysql('dyn-data-bench-mysql', sourceOptions);
      await fill(source, (rows * share) / 4);
      await snapshot(join(own, 'store'), { ...source.address, password });
    }
    const project = 'dyn-data-bench-client-memory';
    await using restore = await createRestore({ folder: own, client, repository, tag, project, service: targetService });
    const seconds = await restore.run();
    peaks.push(restore.peakBytes() / 1e6);
    console.error(`  ${(rows * share) / 4} rows in ${seconds.toFixed(1)} s, at most ${Math.round(restore.peakBytes() / 1e6)} MB resident`);
  }
  const [once, , fourTimes] = peaks as [number, number, number];
  printResult({ name: 'memory-client', value: fourTimes, unit: 'MB', aim: '<= 350', ours: fourTimes, peer: once });
} finally {
  await rm(folder, { recursive: true, force: true });
}
