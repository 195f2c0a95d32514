import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withFolder } from '../build-snapshot.ts';
import { inTurns, printResult, timed } from '../measure.ts';
import { ensureTools, runTools } from '../servers.ts';
import { fill, password, sourceOptions, startMysql } from './server.ts';
import { snapshot } from './snapshot.ts';
import { dump, plainDump } from './tools.ts';

const usage = `Usage: node bench/mysql/compare.ts --rows N [--runs N]

Fills a MySQL server, then takes snapshots of it, in turns with mydumper and mysqldump.`;

const { values } = parseArgs({ options: { rows: { type: 'string', default: '8000000' }, runs: { type: 'string', default: '3' } } });
const [rows, runs] = [Number(values.rows), Number(values.runs)];
if (!Number.isInteger(rows) || rows < 8 || !Number.isInteger(runs) || runs < 1) {
  console.error(usage);
  process.exit(2);
}
await ensureTools((line) => console.error(line));
const folder = await mkdtemp(join(tmpdir(), 'dyn-data-bench-'));
try {
  await using source = await startMysql('dyn-data-bench-mysql', sourceOptions);
  await fill(source, rows);
  const byTools = (command: string) => () => withFolder(folder, (own) => runTools(own, command));
  const taken = await inTurns(runs, {
    ours: () => withFolder(folder, (own) => timed(() => snapshot(own, { ...source.address, password }))),
    mydumper: byTools(dump(source)),
    mysqldump: byTools(plainDump(source)),
  });
  const unit = 'of its time';
  const taking = { unit, ours: taken.ours };
  printResult({ name: 'mysql-snapshot-vs-mydumper', ...taking, value: taken.ours / taken.mydumper, aim: '<= 1.0', peer: taken.mydumper });
  printResult({
    name: 'mysql-snapshot-vs-mysqldump',
    ...taking,
    value: taken.ours / taken.mysqldump,
    aim: '<= 0.5',
    peer: taken.mysqldump,
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}
