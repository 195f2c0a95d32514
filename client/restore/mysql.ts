import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError } from '../../core/errors.ts';
import type { ManifestTable } from '../../core/manifest.ts';
import { inParallel } from '../in-parallel.ts';
import type { ProcessResult } from '../process.ts';
import type { ExecOptions, ServiceContainer } from '../service-container.ts';
import { bySize, type DataService, type DataServiceOptions, restoreFailed, tableLabel } from './data-service.ts';

/** More do not load faster on the small machines of developers: the server's own threads want the cores. */
const tablesAtOnce = 2;
const readyPollMs = 300;
const putBackTimeoutMs = 10_000;

/** The server's own administrator, with the password that its container was given; nothing of it leaves the container. */
const asRoot = `password="\${MARIADB_ROOT_PASSWORD-\${MYSQL_ROOT_PASSWORD-}}"
file="\${MARIADB_ROOT_PASSWORD_FILE-\${MYSQL_ROOT_PASSWORD_FILE-}}"
if [ -n "$file" ]; then password="$(cat "$file")"; fi
export MYSQL_PWD="$password"
client=mysql
if ! command -v mysql >/dev/null; then client=mariadb; fi
exec "$client" --user=root --default-character-set=utf8mb4 "$@"`;

/**
 * The user variable marks the sessions of a restore, so that the next run can end what a killed one left. The source has every value, so
 * each is taken: a 0 where numbers are given out, a date that is none.
 */
const session =
  "SET @dyn_data_restore = 1, foreign_key_checks = 0, unique_checks = 0, sql_log_bin = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES', time_zone = '+00:00'";

/** LOAD DATA LOCAL, and functions that do not say whether they are deterministic: refused by default, the latter where a binary log is kept. */
const changedSettings = ['local_infile', 'log_bin_trust_function_creators'];

const endLeftSessions = `SELECT t.PROCESSLIST_ID FROM performance_schema.user_variables_by_thread v JOIN performance_schema.threads t USING (THREAD_ID)
 WHERE v.VARIABLE_NAME = 'dyn_data_restore' AND t.PROCESSLIST_ID <> CONNECTION_ID()`;

/** Warnings that say nothing of the data: deprecated syntax (1287, 1681), deprecated character set (3719) and collation (3778). */
const harmlessWarnings = new Set(['1287', '1681', '3719', '3778']);

/** A refused login also means that the server listens: 1045 access denied, 1130 host not allowed. */
const answers = new Set(['1045', '1130']);

/** MySQL, through the `mysql` client of its own container. */
export function createMysqlService({ container, source }: DataServiceOptions): DataService {
  const mysql = (args: readonly string[], options?: ExecOptions): Promise<ProcessResult> =>
    container.exec(['sh', '-c', asRoot, 'sh', ...args], options);
  const query = async (what: string, sql: string, options: ExecOptions = {}): Promise<string[]> => {
    const result = await mysql(['--batch', '--skip-column-names'], { input: `${sql};\n`, ...options });
    if (result.exitCode !== 0) throw restoreFailed(container, what, errorCode(result));
    return result.stdout.split('\n').slice(0, -1);
  };
  const script = async (what: string, input: string | AsyncIterable<Uint8Array>): Promise<void> => {
    // Older clients take the comments out of routines unless told so.
    const result = await mysql(['--binary-mode', '--comments', `--init-command=${session}`], { input });
    if (result.exitCode !== 0) throw restoreFailed(container, what, errorCode(result));
  };
  const databases = source.databases.map(({ name }) => name);

  return {
    async waitReady(timeoutMs) {
      const deadlineMs = performance.now() + timeoutMs;
      for (;;) {
        // Over TCP: while an image initialises itself, its temporary server listens on the socket only.
        const result = await mysql(['--protocol=tcp', '--host=127.0.0.1', '--execute=SELECT 1']);
        if (result.exitCode === 0 || answers.has(/ERROR (\d+)/.exec(result.stderr)?.[1] ?? '')) return;
        if (performance.now() > deadlineMs) throw notReady(container, errorCode(result));
        await sleep(readyPollMs);
      }
    },
    dataDirectory: () => mysqlDataDirectory(container),
    async occupied() {
      const names = databases.map(literal).join(', ');
      const tables = await query(
        'Looking for databases',
        `SELECT HEX(TABLE_SCHEMA), HEX(TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE') AND TABLE_SCHEMA IN (${names})`,
      );
      const found = new Set<string>();
      for (const line of tables) {
        const [schema = '', name = ''] = line.split('\t').map((hex) => Buffer.from(hex, 'hex').toString());
        if (found.has(schema)) continue;
        if ((await query('Looking for rows', `SELECT 1 FROM ${quote(schema)}.${quote(name)} LIMIT 1`)).length > 0) found.add(schema);
      }
      return [...found].map((name) => `database ${name}`);
    },
    async settings() {
      const values = await query('Reading settings', changedSettings.map((name) => `SELECT IF(@@GLOBAL.${name}, 'ON', 'OFF')`).join(';\n'));
      return Object.fromEntries(changedSettings.map((name, index) => [name, values[index] ?? 'OFF']));
    },
    async putBack(settings) {
      const values = changedSettings.map((name) => `GLOBAL ${name} = ${settings[name] === 'ON' ? 'ON' : 'OFF'}`);
      await query('Putting back settings', `SET ${values.join(', ')}`, { despiteInterruption: true, timeoutMs: putBackTimeoutMs });
    },
    async restore(reader, onBytes) {
      // Where the performance schema is off there is nothing to find, and DROP DATABASE waits for such sessions.
      for (const id of await query('Looking for left sessions', endLeftSessions)) await mysql([`--execute=KILL ${Number(id)}`]);
      await query('Changing settings', `SET ${changedSettings.map((name) => `GLOBAL ${name} = ON`).join(', ')}`);
      for (const { name, create } of source.databases)
        await script(`Creating the database ${name}`, `DROP DATABASE IF EXISTS ${quote(name)};\n${create};\n`);
      for (const file of source.before) await script(`Running ${file.path}`, reader.file(file));
      await inParallel(bySize(source.tables), tablesAtOnce, async (table, signal) => {
        if (table.chunks.length === 0) return;
        const input = reader.table(table, ({ sizeBytes }) => onBytes(sizeBytes));
        // LOAD DATA LOCAL turns errors into warnings, so every warning counts as a failure.
        const statements = `${table.load}; SHOW WARNINGS`;
        const result = await mysql(
          ['--local-infile=1', '--batch', '--skip-column-names', `--init-command=${session}`, `--execute=${statements}`],
          { input, signal },
        );
        if (result.exitCode !== 0) throw restoreFailed(container, `Loading the table ${tableLabel(table)}`, errorCode(result));
        const warning = firstWarning(result.stdout);
        if (warning !== undefined)
          throw restoreFailed(
            container,
            `Loading the table ${tableLabel(table)}`,
            `MySQL warning ${warning}: a value was not taken as it is`,
          );
      });
      for (const file of source.after) await script(`Running ${file.path}`, reader.file(file));
    },
    async counts() {
      if (source.tables.length === 0) return [];
      const lines = await query('Counting rows', source.tables.map((table) => `SELECT COUNT(*) FROM ${qualified(table)}`).join(';\n'));
      return lines.map(Number);
    },
    async missing() {
      if (source.tables.length === 0) return [];
      const exists = (table: ManifestTable): string =>
        `SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${literal(table.schema)} AND TABLE_NAME = ${literal(table.name)}`;
      const lines = await query('Looking for tables', source.tables.map(exists).join(';\n'));
      return source.tables.filter((_table, index) => lines[index] !== '1').map(tableLabel);
    },
  };
}

export async function mysqlDataDirectory(container: ServiceContainer): Promise<string> {
  const result = await container.exec(['sh', '-c', asRoot, 'sh', '--batch', '--skip-column-names', '--execute=SELECT @@datadir']);
  const directory = result.stdout.trim().replace(/\/+$/, '');
  if (result.exitCode !== 0 || directory === '') throw restoreFailed(container, 'Asking for the data directory', errorCode(result));
  return directory;
}

const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
const qualified = (table: ManifestTable): string => `${quote(table.schema)}.${quote(table.name)}`;
/** In hexadecimal: no name can end the literal, whatever the server's mode. */
const literal = (text: string): string => `_utf8mb4 0x${Buffer.from(text).toString('hex')}`;

/** Number and SQLSTATE of the client's first error message, without the message itself. */
function errorCode(result: ProcessResult): string {
  const found = /ERROR (\d+)(?: \((\w+)\))?/.exec(result.stderr);
  if (found) return `MySQL error ${found[1]}${found[2] === undefined ? '' : `, SQLSTATE ${found[2]}`}`;
  return `the mysql client ended with ${result.exitCode ?? 'a signal'}`;
}

function firstWarning(output: string): string | undefined {
  return output
    .split('\n')
    .map((line) => line.split('\t')[1])
    .find((code) => code !== undefined && !harmlessWarnings.has(code));
}

function notReady(container: ServiceContainer, code: string): DynDataError {
  return new DynDataError(
    'SERVICE_UNHEALTHY',
    `The service ${container.service} is started but does not take connections (${code}). Look at its log (docker compose logs ${container.service}) and run \`dyn-data up\` again.`,
  );
}
