import pg, { type Client } from 'pg';
import { DynDataError, type PostgresSourceConfig } from '../../core/index.ts';
import { networkErrorCodes } from '../network-errors.ts';
import { defaultSilenceLimitMs, keepAliveAfterMs } from '../silence-watch.ts';
import { watchServer } from './liveliness.ts';

const connectTimeoutMs = 10_000;

/** Makes the server write every name in a value with its schema. */
export const emptySearchPath = "SET search_path = ''";

/**
 * One connection with everything set that makes values come in one form: UTF-8, UTC, ISO dates, shortest exact floats. Rows that a policy of
 * row-level security would hide are an error, never a short table.
 * @throws DynDataError SOURCE_UNREACHABLE, SOURCE_AUTH_FAILED
 */
export async function openConnection(
  name: string,
  config: PostgresSourceConfig,
  password: string,
  silenceLimitMs: number = defaultSilenceLimitMs,
): Promise<Client> {
  const { host, port, user, database } = config;
  const address = {
    host,
    port,
    user,
    password,
    database,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'dyn-data',
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
  };
  const client = new pg.Client(address);
  // A connection lost while idle is reported by the query that follows; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(
      "SET client_encoding = 'UTF8'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'; SET extra_float_digits = 1; SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET row_security = off; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0",
    );
    watchServer(client, silenceLimitMs, () => new pg.Client(address));
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw postgresError(name, error, 'connecting');
  }
}

/** Shut down, crashed, not yet started, too many connections. */
const away = new Set([...networkErrorCodes, '57P01', '57P02', '57P03', '53300']);
/** What the driver says without a code. */
const awayMessages: ReadonlyMap<string, string> = new Map([
  ['timeout expired', 'timeout'],
  ['Connection terminated', 'closed'],
  ['Connection terminated unexpectedly', 'closed'],
  ['Client has encountered a connection error and is not queryable', 'closed'],
  ['Client was closed and is not queryable', 'closed'],
]);

/** Translates by SQLSTATE or system code; the server's own message can quote data and is not carried on. */
export function postgresError(name: string, error: unknown, when: 'connecting' | 'reading' = 'reading'): DynDataError {
  if (error instanceof DynDataError) return error;
  const code = typeof error === 'object' && error !== null && 'code' in error && error.code !== undefined ? String(error.code) : 'UNKNOWN';
  const reason = error instanceof Error ? awayMessages.get(error.message) : undefined;
  if (away.has(code) || reason !== undefined || code.startsWith('08')) {
    return when === 'connecting'
      ? new DynDataError(
          'SOURCE_UNREACHABLE',
          `The PostgreSQL source "${name}" cannot be reached (${reason ?? code}). Check its host and port in the registry's configuration, and that the server runs.`,
        )
      : new DynDataError(
          'SOURCE_LOST',
          `The connection to the PostgreSQL source "${name}" was lost (${reason ?? code}). Where it happens again, look at the server's log and at what lies between.`,
        );
  }
  if (code === '28P01' || code === '28000') {
    return new DynDataError(
      'SOURCE_AUTH_FAILED',
      `The PostgreSQL source "${name}" refused the user or the password (${code}). Correct the user in the registry's configuration or the secret that holds the password.`,
    );
  }
  if (code === '3D000') {
    return new DynDataError(
      'SOURCE_UNSUPPORTED',
      `The PostgreSQL source "${name}" has no such database (${code}). Correct "database" in the registry's configuration.`,
    );
  }
  if (code === '42501') {
    return new DynDataError(
      'SOURCE_PERMISSION_DENIED',
      `The user of the PostgreSQL source "${name}" may not read everything (${code}). Grant it pg_read_all_data; where tables have row-level security, also BYPASSRLS; for large objects it must be a superuser.`,
    );
  }
  if (code === '54000') {
    return new DynDataError(
      'SOURCE_UNSUPPORTED',
      `The PostgreSQL source "${name}" has a value of more than 1 GB as text (${code}), which the server itself cannot copy. Store it in pieces, or leave its table out with "rows: none".`,
    );
  }
  return new DynDataError(
    'SOURCE_FAILED',
    `Reading the PostgreSQL source "${name}" failed (${code}). Look at the server's log, then try again.`,
  );
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function qualifiedName(schema: string, name: string): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
