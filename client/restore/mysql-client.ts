import type { ManifestTable } from '../../core/manifest.ts';
import type { ProcessResult } from '../process.ts';
import type { ExecOptions, ServiceContainer } from '../service-container.ts';
import { restoreFailed } from './data-service.ts';

/**
 * `client`: the program as the server's own administrator, with the password that its container was given, or, for a server elsewhere, as it was
 * written into the container of the clients; nothing of it leaves the container or stands among a program's arguments.
 */
export const defineClient = `program=mysql
if ! command -v mysql >/dev/null; then program=mariadb; fi
if [ -r /run/dyn-data/login ]; then
  . /run/dyn-data/login
  password="$DYN_DATA_PASSWORD"
  client() { "$program" --protocol=tcp --host="$DYN_DATA_HOST" --port="$DYN_DATA_PORT" --user="$DYN_DATA_USER" \${DYN_DATA_TLS:+"--ssl-mode=$DYN_DATA_TLS"} "$@"; }
else
  password="\${MARIADB_ROOT_PASSWORD-\${MYSQL_ROOT_PASSWORD-}}"
  file="\${MARIADB_ROOT_PASSWORD_FILE-\${MYSQL_ROOT_PASSWORD_FILE-}}"
  if [ -n "$file" ]; then password="$(cat "$file")"; fi
  client() { "$program" --user=root "$@"; }
fi
export MYSQL_PWD="$password"`;

const runClient = `${defineClient}
client --default-character-set=utf8mb4 "$@"`;

/**
 * The source has every value, so each is taken: a 0 where numbers are given out, a date that is none. A server elsewhere may have replicas, which are
 * to get the rows too.
 */
export const loadSettings = ({ isRemote }: Pick<ServiceContainer, 'isRemote'>): string =>
  `foreign_key_checks = 0, unique_checks = 0, ${isRemote ? '' : 'sql_log_bin = 0, '}sql_mode = 'NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES', time_zone = '+00:00'`;

/** Sessions of a restore are numbered from 0, and each holds the lock of its number. */
export const mostSessions = 16;
const lockName = (session: number): string => `'dyn-data-restore-${session}'`;

/** What a session of a restore begins with. By its lock the next run finds a session that a killed one left, in every version of either server. */
export const sessionStart = (container: Pick<ServiceContainer, 'isRemote'>, session: number): string =>
  `SET @dyn_data_restore = GET_LOCK(${lockName(session)}, 10), ${loadSettings(container)}`;

export type MysqlClient = {
  /** Whether the server is elsewhere, and not ours to tune. */
  readonly isRemote: boolean;
  /** Runs the container's client program; does not judge its exit code. */
  run(args: readonly string[], options?: ExecOptions): Promise<ProcessResult>;
  /** The lines that the statements print, fields separated by tabs. @throws RESTORE_FAILED */
  query(what: string, sql: string, options?: ExecOptions): Promise<string[]>;
  /** Runs a file of statements in a session of a restore. @throws RESTORE_FAILED */
  script(what: string, input: string): Promise<void>;
  /** Ends what a killed run left in the server and waits until it is undone. */
  endLeftSessions(): Promise<void>;
};

/** The `mysql` client of the service's own container. */
export function createMysqlClient(container: ServiceContainer): MysqlClient {
  const run: MysqlClient['run'] = (args, options) => container.exec(['sh', '-c', runClient, 'sh', ...args], options);
  const query: MysqlClient['query'] = async (what, sql, options = {}) => {
    const result = await run(['--batch', '--skip-column-names'], { input: `${sql};\n`, ...options });
    if (result.exitCode !== 0) throw restoreFailed(container, what, errorCode(result));
    return result.stdout.split('\n').slice(0, -1);
  };
  return {
    isRemote: container.isRemote,
    run,
    query,
    async script(what, input) {
      // Older clients take the comments out of routines unless told so.
      const result = await run(['--binary-mode', '--comments', `--init-command=${sessionStart(container, 0)}`], { input });
      if (result.exitCode !== 0) throw restoreFailed(container, what, errorCode(result));
    },
    async endLeftSessions() {
      const numbers = Array.from({ length: mostSessions }, (_item, session) => session);
      const holders = await query(
        'Looking for left sessions',
        numbers.map((session) => `SELECT IS_USED_LOCK(${lockName(session)})`).join(';\n'),
      );
      const ids = holders.filter((id) => /^\d+$/.test(id));
      if (ids.length === 0) return;
      // One that has ended meanwhile is an error of no interest.
      await run(['--force'], { input: ids.map((id) => `KILL ${id};\n`).join('') });
      await query(
        'Waiting for left sessions',
        numbers.map((session) => `SELECT GET_LOCK(${lockName(session)}, 600), RELEASE_LOCK(${lockName(session)})`).join(';\n'),
      );
    },
  };
}

export const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
export const qualified = (table: Pick<ManifestTable, 'schema' | 'name'>): string => `${quote(table.schema)}.${quote(table.name)}`;
/** In hexadecimal: no name can end the literal, whatever the server's mode. */
export const literal = (text: string): string => `_utf8mb4 0x${Buffer.from(text).toString('hex')}`;
/** What `HEX()` of a name in utf8mb4 printed. */
export const unhex = (hex: string | undefined): string => Buffer.from(hex ?? '', 'hex').toString();

/** Number and SQLSTATE of the client's first error message, without the message itself. */
export function errorCode(result: Pick<ProcessResult, 'exitCode' | 'stderr'>): string {
  const found = /ERROR (\d+)(?: \((\w+)\))?/.exec(result.stderr);
  if (found) return `MySQL error ${found[1]}${found[2] === undefined ? '' : `, SQLSTATE ${found[2]}`}`;
  return `the mysql client ended with ${result.exitCode ?? 'a signal'}`;
}

/** Warnings that say nothing of the data: deprecated syntax (1287, 1681), deprecated character set (3719) and collation (3778). */
const harmlessWarnings = new Set(['1287', '1681', '3719', '3778']);

/** The number of the first warning of SHOW WARNINGS that is about the data. */
export function firstWarning(lines: readonly string[]): string | undefined {
  return lines.map((line) => line.split('\t')[1]).find((code) => code !== undefined && !harmlessWarnings.has(code));
}
