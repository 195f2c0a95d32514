import type { Connection, RowDataPacket } from 'mysql2/promise';
import { DynDataError } from '../../core/index.ts';
import type { MysqlTable } from './catalog.ts';
import { mysqlCode } from './connection.ts';

/**
 * Engines whose tables hold their own rows and nothing else. MERGE gives the rows of other tables; FEDERATED, CONNECT and Spider those of
 * other servers, with a password in the definition.
 */
const ownRows = new Set(['InnoDB', 'MyISAM', 'Aria', 'MEMORY', 'CSV', 'ARCHIVE', 'BLACKHOLE', 'ROCKSDB', 'TokuDB']);

/**
 * What a source has and a snapshot does not carry; nothing is left out in silence. Users, grants, tablespaces, loadable functions and what
 * else belongs to the server and not to a database is not asked for.
 * @throws DynDataError SOURCE_UNSUPPORTED naming all of it
 */
export async function refuseUnsupported(
  sourceName: string,
  connection: Connection,
  databases: readonly string[],
  tables: readonly MysqlTable[],
): Promise<void> {
  type Row = RowDataPacket & Record<string, string | null>;
  const select = async (sql: string): Promise<Row[]> => (await connection.query<Row[]>(sql, [databases]))[0];
  const found: string[] = [];
  for (const { schema, name, engine, foreignKeys } of tables) {
    if (!ownRows.has(engine)) found.push(`table ${schema}.${name}: its engine, ${engine}`);
    for (const key of foreignKeys) {
      if (!databases.includes(key.schema)) found.push(`table ${schema}.${name}: a foreign key into the database ${key.schema}`);
    }
  }
  const others = await select(
    `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS name, TABLE_TYPE AS type FROM information_schema.TABLES
     WHERE TABLE_TYPE NOT IN ('BASE TABLE', 'VIEW', 'SEQUENCE', 'TEMPORARY') AND TABLE_SCHEMA IN (?) ORDER BY TABLE_SCHEMA, TABLE_NAME`,
  );
  // MariaDB's system-versioned tables: their history would be lost.
  for (const { name, type } of others) found.push(`${type?.toLowerCase()} ${name}`);
  // MySQL 9.2 and newer.
  const libraries = await select(
    "SELECT CONCAT(LIBRARY_SCHEMA, '.', LIBRARY_NAME) AS name FROM information_schema.LIBRARIES WHERE LIBRARY_SCHEMA IN (?) ORDER BY 1",
  ).catch((error: unknown) => {
    if (mysqlCode(error) === 'ER_UNKNOWN_TABLE') return [];
    throw error;
  });
  for (const { name } of libraries) found.push(`library ${name}`);
  if (found.length === 0) return;
  throw new DynDataError(
    'SOURCE_UNSUPPORTED',
    `The MySQL source "${sourceName}" has what dyn-data does not carry and will not leave out in silence. Move or remove it at the source, or add the database that a foreign key refers to to its "databases".`,
    { details: found },
  );
}
