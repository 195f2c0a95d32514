import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { type Connection, createConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { DynDataError } from '../../core/errors.ts';
import { bulkText } from '../bulk-text.ts';
import type { SampleConnections } from '../connections.ts';
import type { LoadOptions } from '../load-options.ts';
import { createPopulation } from '../population.ts';
import { seedMark } from '../seed-state.ts';
import { sampleSizes } from '../sizes.ts';
import type { TableData } from './table-data.ts';
import { mysqlTables } from './tables.ts';

const script = (name: string): Promise<string> => readFile(resolve(import.meta.dirname, name), 'utf8');

/** The mark is in a database of its own: what is extracted from `dynamease` is the same whoever filled it. */
const markDatabase = 'sample_state';

const readMark = async (connection: Connection): Promise<string | null> => {
  const [tables] = await connection.query<RowDataPacket[]>(
    'SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?',
    [markDatabase, 'filled'],
  );
  if (tables.length === 0) return null;
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT mark FROM ${markDatabase}.filled`);
  return typeof rows[0]?.mark === 'string' ? rows[0].mark : null;
};

const createExtractionAccount = async (connection: Connection, { user, password }: SampleConnections['mysql']): Promise<void> => {
  await connection.query("CREATE USER IF NOT EXISTS ?@'%' IDENTIFIED BY ?", [user, password]);
  await connection.query("ALTER USER ?@'%' IDENTIFIED BY ?", [user, password]);
  await connection.query("GRANT SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT ON dynamease.* TO ?@'%'", [user]);
  // SHOW_ROUTINE: the definition of a function is shown to nobody else but its definer.
  await connection.query("GRANT RELOAD, PROCESS, REPLICATION CLIENT, BACKUP_ADMIN, SHOW_ROUTINE ON *.* TO ?@'%'", [user]);
};

const loadTable = async (connection: Connection, data: TableData): Promise<void> => {
  const [result] = await connection.query<ResultSetHeader>({
    sql: `LOAD DATA LOCAL INFILE 'sample' INTO TABLE ${data.table} CHARACTER SET utf8mb4 (${data.columns.join(', ')})${data.set === null ? '' : ` SET ${data.set}`}`,
    infileStreamFactory: () => Readable.from(bulkText(data.rows())),
  });
  // LOCAL turns every error of a row into a warning: without this check a rejected row would only be missing.
  if (result.affectedRows !== data.rowCount || result.warningStatus !== 0)
    throw new DynDataError(
      'VERIFY_FAILED',
      `MySQL took ${result.affectedRows} of ${data.rowCount} rows of ${data.table}, with ${result.warningStatus} warnings. This is a defect of the sample generator.`,
    );
};

const fill = async (connection: Connection, connections: SampleConnections, options: LoadOptions): Promise<void> => {
  const mark = seedMark(options);
  if ((await readMark(connection)) === mark) {
    await createExtractionAccount(connection, connections.mysql);
    options.log(`mysql: holds ${options.size} already`);
    return;
  }
  const startedAt = performance.now();
  await connection.query(`DROP DATABASE IF EXISTS ${markDatabase}`);
  await connection.query("SET sql_log_bin = 0, foreign_key_checks = 0, unique_checks = 0, time_zone = '+00:00'");
  await connection.query('DROP DATABASE IF EXISTS dynamease; CREATE DATABASE dynamease CHARACTER SET utf8mb4; USE dynamease');
  await connection.query(await script('schema.sql'));
  let rowCount = 0;
  for (const data of mysqlTables(createPopulation(options.seed), sampleSizes[options.size])) {
    await loadTable(connection, data);
    rowCount += data.rowCount;
    if (data.rowCount >= 50_000) options.log(`mysql: ${data.table} ${data.rowCount} rows`);
  }
  await connection.query(await script('programs.sql'));
  await createExtractionAccount(connection, connections.mysql);
  await connection.query(`CREATE DATABASE ${markDatabase}; CREATE TABLE ${markDatabase}.filled (mark VARCHAR(200) NOT NULL)`);
  await connection.query(`INSERT INTO ${markDatabase}.filled VALUES (?)`, [mark]);
  options.log(`mysql: ${rowCount} rows in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
};

/** Fills the database `dynamease`, unless it is filled with just that. Rows are made while they are sent. */
export const loadMysql = async (connections: SampleConnections, options: LoadOptions): Promise<void> => {
  const { host, port, user, password } = connections.mysqlAdmin;
  const connection = await createConnection({ host, port, user, password, multipleStatements: true, charset: 'utf8mb4' });
  const { promise: cancelled, reject: cancel } = Promise.withResolvers<never>();
  const onAbort = (): void => cancel(options.signal?.reason);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    options.signal?.throwIfAborted();
    // A connection that is destroyed leaves its query unsettled, so the signal is waited for beside it.
    await Promise.race([fill(connection, connections, options), cancelled]);
    await connection.end();
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    connection.destroy();
  }
};
