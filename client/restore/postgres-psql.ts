import { randomBytes } from 'node:crypto';
import type { ProcessResult } from '../process.ts';
import type { ExecOptions, ServiceContainer } from '../service-container.ts';
import { restoreFailed } from './data-service.ts';

/** Debian's `psql`, which the official image has too, only looks for this one, and takes a tenth of a second for it each time. */
const programs = `/usr/lib/postgresql/\${PG_MAJOR-}/bin:$PATH`;

/**
 * The container's own superuser, or, for a server elsewhere, whoever was written into the container of the clients. Errors are printed as SQLSTATE only, so they quote no data. The name marks the sessions of a restore. What is
 * in the options decides how values are read: amounts of money are written as the locale C has them. A database of the source may be for reading only. The rest is for speed, in these
 * sessions alone: a commit need not wait for the disk, since the last one of a restore does, and indexes are sorted in memory.
 */
const asSuperuser = `PATH="${programs}"
value_of() { eval "file=\\\${\${1}_FILE-} value=\\\${$1-}"; if [ -n "$file" ]; then cat "$file"; else printf %s "$value"; fi; }
if [ -r /run/dyn-data/login ]; then
  . /run/dyn-data/login
  user="$DYN_DATA_USER" PGPASSWORD="$DYN_DATA_PASSWORD" PGHOST="$DYN_DATA_HOST" PGPORT="$DYN_DATA_PORT"
  export PGHOST PGPORT
  if [ -n "$DYN_DATA_TLS" ]; then export PGSSLMODE="$DYN_DATA_TLS"; fi
else
  user="$(value_of POSTGRES_USER)"
  PGPASSWORD="$(value_of POSTGRES_PASSWORD)"
fi
export PGPASSWORD PGAPPNAME=dyn-data PGCLIENTENCODING=UTF8
export PGOPTIONS='-c lc_monetary=C -c xmloption=content -c IntervalStyle=postgres -c default_transaction_read_only=off -c synchronous_commit=off -c maintenance_work_mem=128MB'
exec psql --no-psqlrc --quiet --no-align --tuples-only --username="\${user:-postgres}" --set=ON_ERROR_STOP=1 --set=VERBOSITY=sqlstate "$@"`;

/** Runs what is on standard input without psql's own commands, which a hostile source could have put into a name; older versions have no such guard. */
const guarded = `guard="$1"
shift
PATH="${programs}"
if psql --help=commands 2>/dev/null | grep -qF '\\restrict'; then set -- --command="\\restrict $guard" "$@"; fi
set -- "$@" --file=-
${asSuperuser}`;

/** The `psql` of a service's own container. */
export type Psql = {
  /** The lines that the statement prints. @throws RESTORE_FAILED */
  query(what: string, database: string, sql: string, options?: ExecOptions): Promise<string[]>;
  /** Runs a script of somebody else. What a cut input has left open is rolled back. Does not judge how it ended. */
  script(database: string, input: string | AsyncIterable<Uint8Array>, options?: ExecOptions): Promise<ProcessResult>;
};

export function createPsql(container: ServiceContainer): Psql {
  return {
    async query(what, database, sql, options = {}) {
      const result = await container.exec(['sh', '-c', asSuperuser, 'sh', `--dbname=${database}`], { input: `${sql};\n`, ...options });
      if (result.exitCode !== 0) throw restoreFailed(container, what, errorCode(result));
      return result.stdout.split('\n').slice(0, -1);
    },
    script: (database, input, options = {}) =>
      container.exec(['sh', '-c', guarded, 'sh', randomBytes(16).toString('hex'), `--dbname=${database}`], { ...options, input }),
  };
}

export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const qualified = (table: { readonly schema: string; readonly name: string }): string =>
  `${quote(table.schema)}.${quote(table.name)}`;
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export function errorCode(result: ProcessResult): string {
  const found = sqlState(result);
  return found === undefined ? `psql ended with ${result.exitCode ?? 'a signal'}` : `SQLSTATE ${found}`;
}

export function sqlState(result: ProcessResult): string | undefined {
  return /(?:ERROR|FATAL): {1,2}([0-9A-Z]{5})\b/.exec(result.stderr)?.[1];
}
