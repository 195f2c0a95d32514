import { createHash } from 'node:crypto';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { LiveDefinition } from '../../anonymizers/index.ts';

type Row = RowDataPacket & Record<string, string | null>;

/** Twelve hexadecimal digits, enough to see that a text is another one. */
export function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** Comments of tables, columns and indexes, and default values that are texts: what people wrote into the structure. */
export async function readTexts(connection: Connection, databases: readonly string[]): Promise<LiveDefinition[]> {
  const select = async (kind: 'comment' | 'default', droppable: boolean, sql: string): Promise<LiveDefinition[]> => {
    const [rows] = await connection.query<Row[]>(sql, [databases]);
    return rows.map(({ name, text }) => ({ kind, name: name ?? '', digest: shortDigest(text ?? ''), droppable }));
  };
  // Only MariaDB's databases have comments.
  const [databaseComments] = await connection.query<Row[]>(
    "SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME = 'SCHEMATA' AND COLUMN_NAME = 'SCHEMA_COMMENT'",
  );
  return [
    ...(databaseComments.length === 0
      ? []
      : await select(
          'comment',
          true,
          "SELECT SCHEMA_NAME AS name, SCHEMA_COMMENT AS text FROM information_schema.SCHEMATA WHERE SCHEMA_COMMENT <> '' AND SCHEMA_NAME IN (?) ORDER BY 1",
        )),
    ...(await select(
      'comment',
      true,
      `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS name, TABLE_COMMENT AS text FROM information_schema.TABLES
       WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_COMMENT <> '' AND TABLE_SCHEMA IN (?) ORDER BY TABLE_SCHEMA, TABLE_NAME`,
    )),
    ...(await select(
      'comment',
      true,
      `SELECT CONCAT(c.TABLE_SCHEMA, '.', c.TABLE_NAME, '.', c.COLUMN_NAME) AS name, c.COLUMN_COMMENT AS text
       FROM information_schema.COLUMNS c JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
       WHERE t.TABLE_TYPE = 'BASE TABLE' AND c.COLUMN_COMMENT <> '' AND c.TABLE_SCHEMA IN (?)
       ORDER BY c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION`,
    )),
    ...(await select(
      'comment',
      true,
      `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, '.', INDEX_NAME) AS name, INDEX_COMMENT AS text FROM information_schema.STATISTICS
       WHERE INDEX_COMMENT <> '' AND SEQ_IN_INDEX = 1 AND TABLE_SCHEMA IN (?) ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME`,
    )),
    // Numbers, times, members of an ENUM and expressions without a text in them say nothing of anybody.
    ...(await select(
      'default',
      false,
      `SELECT CONCAT(c.TABLE_SCHEMA, '.', c.TABLE_NAME, '.', c.COLUMN_NAME) AS name, c.COLUMN_DEFAULT AS text
       FROM information_schema.COLUMNS c JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
       WHERE t.TABLE_TYPE = 'BASE TABLE' AND c.TABLE_SCHEMA IN (?) AND c.COLUMN_DEFAULT NOT IN ('', '''''', 'NULL')
         AND (c.DATA_TYPE IN ('char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'json', 'binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob')
           OR (c.EXTRA LIKE '%DEFAULT_GENERATED%' AND c.COLUMN_DEFAULT LIKE '%''%'))
       ORDER BY c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION`,
    )),
  ];
}
