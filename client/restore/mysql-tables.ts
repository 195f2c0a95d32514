import type { ManifestTable } from '../../core/manifest.ts';
import type { ImageReader, StoredChunk } from '../image-reader.ts';
import { inParallel } from '../in-parallel.ts';
import type { ServiceContainer } from '../service-container.ts';
import { restoreFailed, tableLabel } from './data-service.ts';
import type { Loaded } from './loaded.ts';
import { firstWarning, loadSettings, type MysqlClient, mostSessions } from './mysql-client.ts';
import { type LoadPlan, planLoad, type Run } from './mysql-load.ts';
import type { MysqlProgress, TargetTable } from './mysql-progress.ts';
import { type MysqlSession, openMysqlSession } from './mysql-session.ts';

/** Of the server that is restored. */
type Server = { readonly isMariaDb: boolean; readonly cores: number };

/** Sorting keys in memory of this size writes few runs of them to the disk; the server's own default is a sixteenth. */
const indexSettings = '/*!80027 SET SESSION innodb_ddl_buffer_size = 16777216 */';

export type LoadOptions = {
  readonly container: ServiceContainer;
  readonly client: MysqlClient;
  readonly progress: MysqlProgress;
  readonly reader: ImageReader;
  readonly tables: readonly ManifestTable[];
  /** Of `tables`, in their order. */
  readonly targets: readonly TargetTable[];
  readonly onLoaded: (chunk: Loaded) => void;
};

/** Loads the rows that are missing, several runs of chunks at once, and makes the indexes of each table as soon as its rows are there. */
export async function loadTables(options: LoadOptions): Promise<void> {
  const { container, reader, tables, targets } = options;
  const server = await lookAt(options);
  const sessions = Math.max(2, Math.min(server.cores, mostSessions - 1));
  // MariaDB loads an empty table in a way of its own, much faster, for which it locks the table.
  const plan = planLoad(reader, tables, targets, { sessions, sharesTables: !server.isMariaDb });
  const indexless = plan.complete.filter(({ table, number }) => table.indexes !== undefined && !targets[number]?.indexed);
  try {
    // Session 0 runs the files of the schema.
    const numbers = Array.from({ length: sessions }, (_item, index) => index + 1);
    await inParallel(numbers, sessions, async (number, signal) => {
      const session = openMysqlSession(container, number, signal);
      try {
        await work(options, server, session, plan, indexless);
      } finally {
        await session.close();
      }
    });
  } finally {
    await plan.close();
  }
}

async function work(
  options: LoadOptions,
  server: Server,
  session: MysqlSession,
  plan: LoadPlan,
  indexless: LoadPlan['complete'][number][],
): Promise<void> {
  for (let run = await plan.take(); run !== undefined; run = await plan.take()) {
    await loadRun(options, session, run);
    if (plan.done(run) && run.table.indexes && !options.targets[run.number]?.indexed)
      await makeIndexes(options, server, session, run.table);
  }
  for (let next = indexless.shift(); next !== undefined; next = indexless.shift()) await makeIndexes(options, server, session, next.table);
}

async function loadRun({ container, progress, onLoaded }: LoadOptions, session: MysqlSession, run: Run): Promise<void> {
  const what = `Loading the table ${tableLabel(run.table)}`;
  const warnings = await session.load(what, run.table.load, run.sizeBytes, unpacked(run.chunks, onLoaded));
  // LOAD DATA LOCAL turns errors into warnings, so every warning counts as a failure.
  const warning = firstWarning(warnings);
  if (warning !== undefined) throw restoreFailed(container, what, `MySQL warning ${warning}: a value was not taken as it is`);
  await session.query(what, `${progress.loaded(run.number, run.first, run.chunks.length)}\nCOMMIT;`);
}

/** The next chunk is unpacked while one is sent. */
async function* unpacked(chunks: readonly StoredChunk[], onLoaded: (chunk: Loaded) => void): AsyncGenerator<Uint8Array> {
  let next = chunks[0]?.canonical();
  for (const [index, { chunk }] of chunks.entries()) {
    const current = await next;
    next = chunks[index + 1]?.canonical();
    next?.catch(() => undefined);
    if (current) yield current;
    onLoaded(chunk);
  }
}

async function makeIndexes({ container, reader }: LoadOptions, server: Server, session: MysqlSession, table: ManifestTable): Promise<void> {
  if (!table.indexes) return;
  const what = `Making the indexes of the table ${tableLabel(table)}`;
  const settings = server.isMariaDb ? '' : `${indexSettings};\n`;
  await session.query(what, `${settings}${await reader.text(table.indexes)}\nDELIMITER ;\nSET SESSION ${loadSettings(container)};`);
}

async function lookAt({ client, container }: LoadOptions): Promise<Server> {
  const [product] = await client.query('Asking for the version', "SELECT VERSION() LIKE '%MariaDB%'");
  const cores = await container.exec(['sh', '-c', 'nproc 2>/dev/null || echo 2']);
  return { isMariaDb: product === '1', cores: Number.parseInt(cores.stdout, 10) || 2 };
}
