import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { inTurns, printResult } from '../measure.ts';
import { createRestore } from '../restore-by-client.ts';
import { ensureTools, runTools, type Server } from '../servers.ts';
import { fill, password, sourceOptions, startMysql, targetOptions, targetService } from './server.ts';
import { repository, snapshot, tag } from './snapshot.ts';
import { dump, login, plainDump } from './tools.ts';

const usage = `Usage: node bench/mysql/restore.ts --rows N [--runs N]

Fills a MySQL server, takes a snapshot and dumps of it, and restores them into fresh servers, in turns with myloader and mysql.`;

const project = 'dyn-data-bench-restored';
const target = 'dyn-data-bench-mysql-target';

/** Restores into a fresh server of its own; the time is the loading alone. */
async function restoreByTools(folder: string, command: (server: Server) => string): Promise<number> {
  await using server = await startMysql(target, targetOptions);
  return await runTools(folder, command(server));
}

const { values } = parseArgs({ options: { rows: { type: 'string', default: '8000000' }, runs: { type: 'string', default: '3' } } });
const [rows, runs] = [Number(values.rows), Number(values.runs)];
if (!Number.isInteger(rows) || rows < 8 || !Number.isInteger(runs) || runs < 1) {
  console.error(usage);
  process.exit(2);
}
await ensureTools((line) => console.error(line));
const folder = await mkdtemp(join(tmpdir(), 'dyn-data-bench-'));
const client = join(folder, 'dyn-data.mjs');
try {
  await mkdir(join(folder, 'store'));
  {
    await using source = await startMysql('dyn-data-bench-mysql', sourceOptions);
    await fill(source, rows);
    await snapshot(join(folder, 'store'), { ...source.address, password });
    await runTools(folder, dump(source));
    await runTools(folder, plainDump(source));
  }
  await bundleClient(client);
  await using restore = await createRestore({ folder, client, repository, tag, project, service: targetService });
  const restored = await inTurns(runs, {
    ours: () => restore.run(),
    myloader: () => restoreByTools(folder, (server) => `myloader -t 2 ${login(server)} -d /work/dump`),
    mysql: () => restoreByTools(folder, (server) => `zstd -q -dc /work/dump.sql.zst | mysql ${login(server)} 2>/dev/null`),
  });
  const restoring = { unit: 'of its time', ours: restored.ours };
  printResult({
    name: 'mysql-restore-vs-myloader',
    ...restoring,
    value: restored.ours / restored.myloader,
    aim: '<= 0.6',
    peer: restored.myloader,
  });
  printResult({
    name: 'mysql-restore-vs-mysql',
    ...restoring,
    value: restored.ours / restored.mysql,
    aim: '<= 0.35',
    peer: restored.mysql,
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}
