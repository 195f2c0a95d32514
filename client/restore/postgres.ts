import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError } from '../../core/errors.ts';
import type { ManifestTable } from '../../core/manifest.ts';
import type { ImageReader } from '../image-reader.ts';
import type { ServiceContainer } from '../service-container.ts';
import { type DataService, type DataServiceOptions, restoreFailed, tableLabel } from './data-service.ts';
import { sumOf } from './loaded.ts';
import { runAfter } from './postgres-after.ts';
import { postgresChanges } from './postgres-changes.ts';
import { loadTables, tableStep } from './postgres-load.ts';
import { createPostgresProgress } from './postgres-progress.ts';
import { createPsql, errorCode, literal, qualified, quote } from './postgres-psql.ts';
import { changeSettings, putBackSettings, readSettings } from './postgres-settings.ts';

const readyPollMs = 300;

/** Label of a service whose database is called otherwise than the source's. */
export const databaseLabel = 'dyn-data.database';

/** PostgreSQL, through the `psql` of its own container. */
export function createPostgresService({ container, source, labels, beginStep }: DataServiceOptions): DataService {
  const psql = createPsql(container);
  const { query } = psql;
  const override = labels[databaseLabel];
  if (override !== undefined && source.databases.length !== 1) {
    throw new DynDataError(
      'STACK_INVALID',
      `The service ${container.service} has the label ${databaseLabel}, but the source ${source.name} has ${source.databases.length} databases. The label needs exactly one: remove it.`,
    );
  }
  // The image says one database per source of kind postgres; with more, all tables belong to the first.
  const [first] = source.databases;
  const database = override ?? first?.name ?? 'postgres';
  /** A database that is there whatever else is, and is not the one to be dropped. */
  const maintenance = database === 'postgres' ? 'template1' : 'postgres';
  const exists = async (): Promise<boolean> =>
    (await query('Looking for the database', maintenance, `SELECT 1 FROM pg_database WHERE datname = ${literal(database)}`)).length > 0;

  const target = { container, psql, database };
  const progress = createPostgresProgress(psql, database);

  return {
    async waitReady(timeoutMs) {
      const deadlineMs = performance.now() + timeoutMs;
      for (;;) {
        // Over TCP: while an image initialises itself, its temporary server listens on the socket only.
        const result = await container.exec(['pg_isready', '--quiet', '--host=127.0.0.1']);
        if (result.exitCode === 0) return;
        if (performance.now() > deadlineMs) throw notReady(container);
        await sleep(readyPollMs);
      }
    },
    dataDirectory: () => postgresDataDirectory(container),
    async occupied() {
      if (!(await exists())) return [];
      const tables = await query(
        'Looking for tables',
        database,
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'",
      );
      if (tables.length === 0) return [];
      const hasRows = await query('Looking for rows', database, tables.map((table) => `SELECT EXISTS (SELECT FROM ${table})`).join(';\n'));
      return hasRows.includes('t') ? [`database ${database}`] : [];
    },
    settings: async () => (container.isRemote ? {} : readSettings(psql)),
    putBack: async (settings) => (container.isRemote ? undefined : putBackSettings(psql, settings)),
    async restore(reader, onLoaded, resumption) {
      beginStep('schema');
      await query(
        'Ending left sessions',
        maintenance,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dyn-data' AND pid <> pg_backend_pid() AND usename = current_user",
      );
      if (!container.isRemote) await changeSettings(psql);
      const steps = resumption && (await exists()) ? await progress.read(reader.manifestDigest) : undefined;
      const isLoaded = (table: ManifestTable): boolean => steps?.has(tableStep(table)) === true;
      if (steps) {
        const loaded = source.tables.filter(isLoaded);
        resumption?.onResume({ tables: loaded.length, ...sumOf(loaded) });
      } else await startOver(reader);
      beginStep('rows');
      const tables = source.tables.filter((table) => table.chunks.length > 0 && !isLoaded(table));
      await loadTables(target, tables, (table) => reader.table(table, onLoaded));
      beginStep('keys');
      for (const file of source.after)
        await runAfter(target, source, { path: file.path, text: await reader.text(file) }, steps ?? new Set());
      // Nothing is left for autovacuum to do: rows were loaded frozen, so that this looks at few pages of tables, and at the catalogs.
      await query('Gathering statistics', database, 'VACUUM (ANALYZE)');
    },
    async runScript(text, onLine) {
      const result = await psql.script((await exists()) ? database : maintenance, text, { onLine });
      return result.exitCode === 0 ? undefined : errorCode(result);
    },
    changes: () => postgresChanges(container, database),
    concluded: () => progress.drop(),
    async counts() {
      if (source.tables.length === 0) return [];
      const lines = await query(
        'Counting rows',
        database,
        source.tables.map((table) => `SELECT count(*) FROM ONLY ${qualified(table)}`).join(';\n'),
      );
      return lines.map(Number);
    },
    async missing() {
      if (!(await exists())) return source.tables.map(tableLabel);
      if (source.tables.length === 0) return [];
      const lines = await query(
        'Looking for tables',
        database,
        source.tables.map((table) => `SELECT to_regclass(${literal(qualified(table))}) IS NOT NULL`).join(';\n'),
      );
      return source.tables.filter((_table, index) => lines[index] !== 't').map(tableLabel);
    },
  };

  async function startOver(reader: ImageReader): Promise<void> {
    await query('Dropping the database', maintenance, `DROP DATABASE IF EXISTS ${quote(database)} WITH (FORCE)`);
    await query('Creating the database', maintenance, createStatement(container, first, database));
    for (const file of source.before) {
      const result = await psql.script(database, await reader.text(file));
      if (result.exitCode !== 0) throw restoreFailed(container, `Running ${file.path}`, errorCode(result));
    }
    await progress.begin(reader.manifestDigest);
  }
}

export async function postgresDataDirectory(container: ServiceContainer): Promise<string> {
  const what = 'Asking for the data directory';
  const [directory = ''] = await createPsql(container).query(what, 'template1', 'SHOW data_directory');
  if (directory === '') throw restoreFailed(container, what, 'psql printed nothing');
  return directory;
}

/** The manifest's CREATE DATABASE, for the name that the stack wants. */
function createStatement(
  container: ServiceContainer,
  described: { readonly name: string; readonly create: string } | undefined,
  database: string,
): string {
  const create = described?.create ?? '';
  if (described === undefined || create === '') return `CREATE DATABASE ${quote(database)}`;
  if (described.name === database) return create;
  const head = /^CREATE DATABASE (?:"(?:[^"]|"")*"|\w+)/i;
  if (!head.test(create))
    throw restoreFailed(container, `Creating the database ${database}`, 'the snapshot gives no plain CREATE DATABASE');
  return create.replace(head, () => `CREATE DATABASE ${quote(database)}`);
}

function notReady(container: ServiceContainer): DynDataError {
  return new DynDataError(
    'SERVICE_UNHEALTHY',
    `The service ${container.service} is started but does not take connections. Look at its log (docker compose logs ${container.service}) and run \`dyn-data up\` again.`,
  );
}
