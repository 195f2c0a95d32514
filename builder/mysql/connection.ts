import mysql, { type Connection } from 'mysql2/promise';
import { DynDataError, type MysqlSourceConfig } from '../../core/index.ts';
import { networkErrorCodes } from '../network-errors.ts';
import { defaultSilenceLimitMs, keepAliveAfterMs } from '../silence-watch.ts';
import { reportLoss } from './liveliness.ts';
import { connectReceiving } from './received-memory.ts';

const connectTimeoutMs = 10_000;
/** How long the server waits for us while we are busy with other tables; its default of 60 s would cut a slow build. */
const serverWaitSeconds = 3600;

/**
 * One connection with everything set that makes values come in one form: UTF-8, UTC, no client-side conversion, no time limit.
 * @throws DynDataError SOURCE_UNREACHABLE, SOURCE_AUTH_FAILED, SOURCE_PERMISSION_DENIED
 */
export async function openConnection(
  name: string,
  config: MysqlSourceConfig,
  password: string,
  silenceLimitMs: number = defaultSilenceLimitMs,
): Promise<Connection> {
  const { host, port, user } = config;
  const address = { host, port, user, password, connectTimeout: connectTimeoutMs };
  let connection: Connection | undefined;
  try {
    connection = await mysql.createConnection({
      ...address,
      stream: () => connectReceiving({ host, port, keepAliveAfterMs }),
      charset: 'utf8mb4',
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
    });
    await connection.query(
      `SET time_zone = '+00:00', sql_mode = '', sql_quote_show_create = 1, net_write_timeout = ${serverWaitSeconds}, net_read_timeout = ${serverWaitSeconds}, wait_timeout = ${serverWaitSeconds}`,
    );
    await reportLoss(connection, { silenceLimitMs, openAnother: () => mysql.createConnection(address) });
    return connection;
  } catch (error) {
    connection?.destroy();
    throw mysqlError(name, error, 'connecting');
  }
}

const away = new Set([
  ...networkErrorCodes,
  'PROTOCOL_CONNECTION_LOST',
  'ER_SERVER_SHUTDOWN',
  'ER_SESSION_WAS_KILLED',
  'ER_CONNECTION_KILLED',
  'ER_CLIENT_INTERACTION_TIMEOUT',
  'ER_CON_COUNT_ERROR',
]);
const refused = new Set([
  'ER_ACCESS_DENIED_ERROR',
  'ER_ACCESS_DENIED_NO_PASSWORD_ERROR',
  'ER_NOT_SUPPORTED_AUTH_MODE',
  'ER_MUST_CHANGE_PASSWORD',
]);
const forbidden = new Set([
  'ER_DBACCESS_DENIED_ERROR',
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_COLUMNACCESS_DENIED_ERROR',
  'ER_SPECIFIC_ACCESS_DENIED_ERROR',
  'ER_PROCACCESS_DENIED_ERROR',
]);

/** The driver's code of an error, `UNKNOWN` where it has none. */
export function mysqlCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'UNKNOWN';
}

/** Translates by code; the server's own message can quote data and is not carried on. */
export function mysqlError(name: string, error: unknown, when: 'connecting' | 'reading' = 'reading'): DynDataError {
  if (error instanceof DynDataError) return error;
  const code = mysqlCode(error);
  if (away.has(code) && when === 'connecting') {
    return new DynDataError(
      'SOURCE_UNREACHABLE',
      `The MySQL source "${name}" cannot be reached (${code}). Check its host and port in the registry's configuration, and that the server runs.`,
    );
  }
  if (refused.has(code)) {
    return new DynDataError(
      'SOURCE_AUTH_FAILED',
      `The MySQL source "${name}" refused the user or the password (${code}). Correct the user in the registry's configuration or the secret that holds the password.`,
    );
  }
  if (forbidden.has(code)) {
    return new DynDataError(
      'SOURCE_PERMISSION_DENIED',
      `The user of the MySQL source "${name}" lacks a privilege (${code}). Grant SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES on its databases, and RELOAD, PROCESS, REPLICATION CLIENT, BACKUP_ADMIN.`,
    );
  }
  // Without a code it is the driver's: the connection was closed before.
  if (away.has(code) || (code === 'UNKNOWN' && isFatal(error))) {
    return new DynDataError(
      'SOURCE_LOST',
      `The connection to the MySQL source "${name}" was lost${code === 'UNKNOWN' ? '' : ` (${code})`}. Where it happens again, look at the server's log and at what lies between.`,
    );
  }
  if (code === 'ER_TABLE_DEF_CHANGED') {
    return new DynDataError(
      'SOURCE_LOST',
      `A table of the MySQL source "${name}" was altered while it was read (${code}), so the point in time is gone. Grant BACKUP_ADMIN, which keeps definitions as they are meanwhile, or choose a time without such changes.`,
    );
  }
  return new DynDataError(
    'SOURCE_FAILED',
    `Reading the MySQL source "${name}" failed (${code}). Look at the server's log, then try again.`,
  );
}

function isFatal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'fatal' in error && error.fatal === true;
}

export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

export function qualifiedName(schema: string, name: string): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
