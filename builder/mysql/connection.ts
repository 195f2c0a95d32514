import mysql, { type Connection } from 'mysql2/promise';
import { DynDataError, type MysqlSourceConfig } from '../../core/index.ts';
import { networkErrorCodes } from '../network-errors.ts';

const connectTimeoutMs = 10_000;
/** How long the server waits for us while we are busy with other tables; its default of 60 s would cut a slow build. */
const serverWaitSeconds = 3600;

/**
 * One connection with everything set that makes values come in one form: UTF-8, UTC, no client-side conversion, no time limit.
 * @throws DynDataError SOURCE_UNREACHABLE, SOURCE_AUTH_FAILED, SOURCE_PERMISSION_DENIED
 */
export async function openConnection(name: string, config: MysqlSourceConfig, password: string): Promise<Connection> {
  try {
    const connection = await mysql.createConnection({
      host: config.host,
      port: config.port,
      user: config.user,
      password,
      charset: 'utf8mb4',
      connectTimeout: connectTimeoutMs,
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
    });
    await connection.query(
      `SET time_zone = '+00:00', sql_mode = '', sql_quote_show_create = 1, net_write_timeout = ${serverWaitSeconds}, net_read_timeout = ${serverWaitSeconds}, wait_timeout = ${serverWaitSeconds}`,
    );
    return connection;
  } catch (error) {
    throw mysqlError(name, error);
  }
}

const unreachable = new Set([...networkErrorCodes, 'PROTOCOL_CONNECTION_LOST']);
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
export function mysqlError(name: string, error: unknown): DynDataError {
  if (error instanceof DynDataError) return error;
  const code = mysqlCode(error);
  if (unreachable.has(code)) {
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
  return new DynDataError(
    'SOURCE_FAILED',
    `Reading the MySQL source "${name}" failed (${code}). Look at the server's log, then try again.`,
  );
}

export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

export function qualifiedName(schema: string, name: string): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
