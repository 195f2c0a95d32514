import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError } from '../../core/errors.ts';
import type { ManifestTable } from '../../core/manifest.ts';
import { inParallel } from '../in-parallel.ts';
import type { ProcessResult } from '../process.ts';
import type { ExecOptions, ServiceContainer } from '../service-container.ts';
import { bySize, type DataService, type DataServiceOptions, restoreFailed, tableLabel } from './data-service.ts';

const tablesAtOnce = 2;
const readyPollMs = 300;

/** Label of a service whose database is called otherwise than the source's. */
const databaseLabel = 'dyn-data.database';

/**
 * The container's own superuser. Errors are printed as SQLSTATE only, so they quote no data. The name marks the sessions of a restore. What is
 * in the options decides how values are read: amounts of money are written as the locale C has them.
 */
const asSuperuser = `value_of() { eval "file=\\\${\${1}_FILE-} value=\\\${$1-}"; if [ -n "$file" ]; then cat "$file"; else printf %s "$value"; fi; }
user="$(value_of POSTGRES_USER)"
PGPASSWORD="$(value_of POSTGRES_PASSWORD)"
export PGPASSWORD PGAPPNAME=dyn-data PGCLIENTENCODING=UTF8
export PGOPTIONS='-c lc_monetary=C -c xmloption=content -c IntervalStyle=postgres'
exec psql --no-psqlrc --quiet --no-align --tuples-only --username="\${user:-postgres}" --set=ON_ERROR_STOP=1 --set=VERBOSITY=sqlstate "$@"`;

/** Runs what is on standard input without psql's own commands, which a hostile source could have put into a name; older versions have no such guard. */
const guardedScript = `if psql --help=commands 2>/dev/null | grep -qF '\\restrict'; then { printf '\\\\restrict %s\\n' "$1"; cat; } else cat; fi | {
shift
${asSuperuser}
}`;

/** PostgreSQL, through the `psql` of its own container. */
export function createPostgresService({ container, source, labels }: DataServiceOptions): DataService {
  const psql = (database: string, args: readonly string[], options?: ExecOptions): Promise<ProcessResult> =>
    container.exec(['sh', '-c', asSuperuser, 'sh', `--dbname=${database}`, ...args], options);
  const query = async (what: string, database: string, sql: string): Promise<string[]> => {
    const result = await psql(database, [], { input: `${sql};\n` });
    if (result.exitCode !== 0) throw restoreFailed(container, what, errorCode(result));
    return result.stdout.split('\n').slice(0, -1);
  };
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
      for (const table of tables)
        if ((await query('Looking for rows', database, `SELECT 1 FROM ${table} LIMIT 1`)).length > 0) return [`database ${database}`];
      return [];
    },
    settings: async () => ({}),
    putBack: async () => undefined,
    async restore(reader, onBytes) {
      await query(
        'Ending left sessions',
        maintenance,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dyn-data' AND pid <> pg_backend_pid()",
      );
      await query('Dropping the database', maintenance, `DROP DATABASE IF EXISTS ${quote(database)} WITH (FORCE)`);
      await query('Creating the database', maintenance, createStatement(container, first, database));
      for (const file of source.before) await runFile(file.path, reader.file(file));
      await inParallel(bySize(source.tables), tablesAtOnce, async (table, signal) => {
        if (table.chunks.length === 0) return;
        const result = await psql(database, [`--command=${table.load}`], {
          input: reader.table(table, ({ sizeBytes }) => onBytes(sizeBytes)),
          signal,
        });
        if (result.exitCode !== 0) throw restoreFailed(container, `Loading the table ${tableLabel(table)}`, errorCode(result));
      });
      for (const file of source.after) await runFile(file.path, reader.file(file));
      await query('Gathering statistics', database, 'ANALYZE');
    },
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

  async function runFile(path: string, input: AsyncIterable<Uint8Array>): Promise<void> {
    const guard = randomBytes(16).toString('hex');
    const result = await container.exec(['sh', '-c', guardedScript, 'sh', guard, `--dbname=${database}`], { input });
    if (result.exitCode !== 0) throw restoreFailed(container, `Running ${path}`, errorCode(result));
  }
}

export async function postgresDataDirectory(container: ServiceContainer): Promise<string> {
  const result = await container.exec(['sh', '-c', asSuperuser, 'sh', '--dbname=template1', '--command=SHOW data_directory']);
  const directory = result.stdout.trim();
  if (result.exitCode !== 0 || directory === '') throw restoreFailed(container, 'Asking for the data directory', errorCode(result));
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

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const qualified = (table: ManifestTable): string => `${quote(table.schema)}.${quote(table.name)}`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function errorCode(result: ProcessResult): string {
  const found = /(?:ERROR|FATAL): {1,2}([0-9A-Z]{5})\b/.exec(result.stderr);
  if (found) return `SQLSTATE ${found[1]}`;
  return `psql ended with ${result.exitCode ?? 'a signal'}`;
}

function notReady(container: ServiceContainer): DynDataError {
  return new DynDataError(
    'SERVICE_UNHEALTHY',
    `The service ${container.service} is started but does not take connections. Look at its log (docker compose logs ${container.service}) and run \`dyn-data up\` again.`,
  );
}
