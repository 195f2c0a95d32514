import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { withFolder } from '../build-snapshot.ts';
import { inTurns, printResult, timed } from '../measure.ts';
import { createRestore } from '../restore-by-client.ts';
import { ensureTools, runTools, type Server } from '../servers.ts';
import { database } from './large-database.ts';
import { fill, image, password, serverOptions, sourceOptions, startMysql } from './server.ts';
import { repository, snapshot, tag } from './snapshot.ts';

const usage = `Usage: node bench/mysql/compare.ts --rows N [--runs N]

Fills a MySQL server, then takes snapshots and restores them, in turns with mydumper, mysqldump, myloader and mysql, on the same servers.`;

const project = 'dyn-data-bench-restored';
const target = 'dyn-data-bench-mysql-target';

/** What the targets are started with, ours and theirs: a copy is restored again and never replicated. */
const targetOptions = ['--skip-log-bin', '--local-infile=1'];

const login = (server: Server): string => `-h 127.0.0.1 -P ${server.port} -u root --password=${password}`;
const dump = (server: Server): string => `mydumper -t 2 -c ${login(server)} -B ${database} -o /work/dump`;
const plainDump = (server: Server): string =>
  `mysqldump --single-transaction --set-gtid-purged=OFF ${login(server)} --databases ${database} 2>/dev/null | zstd -q -3 > /work/dump.sql.zst`;

/** Restores into a fresh server of its own; the time is the loading alone. */
async function restoreByTools(folder: string, command: (server: Server) => string): Promise<number> {
  await using server = await startMysql(target, targetOptions);
  return await runTools(folder, command(server));
}

const service = {
  image,
  command: ['mysqld', ...serverOptions, ...targetOptions],
  labels: { 'dyn-data.source': 'mysql' },
  environment: { MYSQL_ROOT_PASSWORD: password },
  healthcheck: { test: ['CMD-SHELL', `MYSQL_PWD=${password} mysql -h127.0.0.1 -uroot -e 'SELECT 1'`], interval: '1s', retries: 90 },
};

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
  await using source = await startMysql('dyn-data-bench-mysql', sourceOptions);
  await fill(source, rows);
  const byTools = (command: string) => () => withFolder(folder, (own) => runTools(own, command));
  const taken = await inTurns(runs, {
    ours: () => withFolder(folder, (own) => timed(() => snapshot(own, { port: source.port, password }))),
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

  await mkdir(join(folder, 'store'));
  await snapshot(join(folder, 'store'), { port: source.port, password });
  await runTools(folder, dump(source));
  await runTools(folder, plainDump(source));
  await bundleClient(client);
  await using restore = await createRestore({ folder, client, repository, tag, project, service });
  const restored = await inTurns(runs, {
    ours: () => restore.run(),
    myloader: () => restoreByTools(folder, (server) => `myloader -t 2 ${login(server)} -d /work/dump`),
    mysql: () => restoreByTools(folder, (server) => `zstd -q -dc /work/dump.sql.zst | mysql ${login(server)} 2>/dev/null`),
  });
  const restoring = { unit, ours: restored.ours };
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
