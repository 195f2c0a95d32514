import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleClient } from '../scripts/bundle-client.ts';
import { inTurns, printResult, timed } from './measure.ts';

// How much longer `dyn-data --help` takes than Node with an empty program, in milliseconds.
const runs = 41;

const folder = await mkdtemp(join(tmpdir(), 'dyn-data-start-up-'));
try {
  const client = join(folder, 'dyn-data.mjs');
  const empty = join(folder, 'empty.mjs');
  await bundleClient(client);
  await writeFile(empty, '');
  const start = (...args: string[]) =>
    timed(async () => {
      const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
      if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
    });
  const times = await inTurns(runs, { client: () => start(client, '--help'), bare: () => start(empty) });
  const [ours, peer] = [times.client * 1_000, times.bare * 1_000];
  printResult({ name: 'client-start-up', value: ours - peer, unit: 'ms more than bare node', aim: '<= 50', ours, peer });
} finally {
  await rm(folder, { recursive: true });
}
