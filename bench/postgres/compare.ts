import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { withFolder } from '../build-snapshot.ts';
import { inTurns, printResult, timed } from '../measure.ts';
import { createRestore } from '../restore-by-client.ts';
import { ensureTools, runTools, type Server } from '../servers.ts';
import { database } from './push-database.ts';
import { command, environment, fill, image, password, ready, startPostgres } from './server.ts';
import { repository, snapshot, tag } from './snapshot.ts';

const usage = `Usage: node bench/postgres/compare.ts --rows N [--runs N] [--only snapshot|restore]

Fills a PostgreSQL server, then takes snapshots and restores them, in turns with pg_dump and pg_restore, on the same servers.
N is the number of rows that the large database of MySQL has; a push server's has a quarter of them.`;

const project = 'dyn-data-bench-restored-postgres';
const target = 'dyn-data-bench-postgres-target';
const partOfRows = 1 / 4;

const login = (server: Server): string => `-h ${server.address.host} -p ${server.address.port} -U postgres -d ${database}`;
const dump = (server: Server): string => `PGPASSWORD=${password} pg_dump -Fd -j 2 ${login(server)} -f /work/dump`;
const load = (server: Server): string => `PGPASSWORD=${password} pg_restore -j 2 ${login(server)} /work/dump`;

/** Restores into a fresh server of its own; the time is the loading alone. */
async function restoreByTool(folder: string): Promise<number> {
  await using server = await startPostgres(target);
  return await runTools(folder, load(server));
}

const service = {
  image,
  command,
  labels: { 'dyn-data.source': 'push' },
  environment,
  healthcheck: { test: ['CMD-SHELL', ready], interval: '1s', retries: 90 },
};

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '8000000' }, runs: { type: 'string', default: '3' }, only: { type: 'string' } },
});
const [rows, runs] = [Math.round(Number(values.rows) * partOfRows), Number(values.runs)];
if (!Number.isInteger(rows) || rows < 8 || !Number.isInteger(runs) || runs < 1) {
  console.error(usage);
  process.exit(2);
}
await ensureTools((line) => console.error(line));
const folder = await mkdtemp(join(tmpdir(), 'dyn-data-bench-'));
const client = join(folder, 'dyn-data.mjs');
const unit = 'of its time';
try {
  await using source = await startPostgres('dyn-data-bench-postgres');
  await fill(source, rows);
  if (values.only !== 'restore') {
    const taken = await inTurns(runs, {
      ours: () => withFolder(folder, (own) => timed(() => snapshot(own, source))),
      pg_dump: () => withFolder(folder, (own) => runTools(own, dump(source))),
    });
    const result = { value: taken.ours / taken.pg_dump, ours: taken.ours, peer: taken.pg_dump };
    printResult({ name: 'postgres-snapshot-vs-pg_dump', unit, aim: '<= 1.0', ...result });
  }
  if (values.only !== 'snapshot') {
    await mkdir(join(folder, 'store'));
    await snapshot(join(folder, 'store'), source);
    await runTools(folder, dump(source));
    await bundleClient(client);
    await using restore = await createRestore({ folder, client, repository, tag, project, service });
    const restored = await inTurns(runs, { ours: () => restore.run(), pg_restore: () => restoreByTool(folder) });
    const result = { value: restored.ours / restored.pg_restore, ours: restored.ours, peer: restored.pg_restore };
    printResult({ name: 'postgres-restore-vs-pg_restore', unit, aim: '<= 1.0', ...result });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
