import type { Connection, RowDataPacket } from 'mysql2/promise';
import { quoteName } from '../../builder/mysql/connection.ts';

type Row = RowDataPacket & Record<string, unknown>;

/** Everything that a server has in these databases, as it says itself: how each thing is made, and a checksum and a count of each table. */
export async function contentsOf(connection: Connection, databases: readonly string[]): Promise<Record<string, unknown>> {
  const contents: Record<string, unknown> = {};
  const select = async (sql: string, database: string): Promise<Row[]> => (await connection.query<Row[]>(sql, [database]))[0];
  const first = async (sql: string): Promise<Row> => (await connection.query<Row[]>(sql))[0][0] as Row;
  for (const database of databases) {
    const named = (name: unknown): string => `${quoteName(database)}.${quoteName(String(name))}`;
    const show = async (kind: string, name: unknown): Promise<void> => {
      contents[`${kind} ${named(name)}`] = comparable(await first(`SHOW CREATE ${kind} ${named(name)}`));
    };
    contents[`database ${database}`] = comparable(await first(`SHOW CREATE DATABASE ${quoteName(database)}`));
    const tables = await select(
      'SELECT TABLE_NAME AS name, TABLE_TYPE AS type FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? ORDER BY 1',
      database,
    );
    for (const { name, type } of tables) {
      if (type === 'VIEW') await show('VIEW', name);
      else if (type === 'SEQUENCE') {
        await show('SEQUENCE', name);
        contents[`state of ${named(name)}`] = await first(`SELECT * FROM ${named(name)}`);
      } else {
        await show('TABLE', name);
        contents[`rows of ${named(name)}`] = await rowsOf(connection, database, String(name));
      }
    }
    const routines = await select(
      'SELECT ROUTINE_TYPE AS kind, ROUTINE_NAME AS name FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ? ORDER BY 1, 2',
      database,
    );
    for (const { kind, name } of routines) await show(String(kind), name);
    const triggers = await select(
      'SELECT TRIGGER_NAME AS name, ACTION_ORDER AS turn FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ? ORDER BY 1',
      database,
    );
    for (const { name, turn } of triggers) {
      await show('TRIGGER', name);
      contents[`turn of ${named(name)}`] = turn;
    }
    const events = await select('SELECT EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ? ORDER BY 1', database);
    for (const { name } of events) await show('EVENT', name);
  }
  return contents;
}

const definer = / DEFINER=(?:`(?:[^`]|``)*`(?:@`(?:[^`]|``)*`)?|"(?:[^"]|"")*"@"(?:[^"]|"")*")/;

/**
 * Without who made it and when, and without the character set in which its author happened to write: the copy is written in UTF-8. The
 * server prints a column's character set beside its collation, which implies it, only where somebody wrote it so.
 */
function comparable(row: Row): Record<string, unknown> {
  const { Created, character_set_client, ...rest } = row;
  const text = (value: string): string => value.replace(definer, '').replaceAll(/ CHARACTER SET \w+(?= COLLATE )/g, '');
  return Object.fromEntries(Object.entries(rest).map(([column, value]) => [column, typeof value === 'string' ? text(value) : value]));
}

/** What the server computes over all rows. Its checksum of a JSON column is another one for an equal copy, so there it hashes the texts. */
async function rowsOf(connection: Connection, database: string, table: string): Promise<Record<string, unknown>> {
  const from = `${quoteName(database)}.${quoteName(table)}`;
  const [columns] = await connection.query<Row[]>(
    'SELECT COLUMN_NAME AS name, DATA_TYPE AS type FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION',
    [database, table],
  );
  if (columns.every(({ type }) => type !== 'json')) {
    const [[checksum]] = await connection.query<Row[]>(`CHECKSUM TABLE ${from} EXTENDED`);
    const [[count]] = await connection.query<Row[]>(`SELECT COUNT(*) AS n FROM ${from}`);
    return { checksum: checksum?.Checksum, rows: count?.n };
  }
  const values = columns.map(({ name }) => `COALESCE(SHA2(CAST(${quoteName(String(name))} AS BINARY), 256), 'NULL')`);
  await connection.query('SET SESSION group_concat_max_len = 100000000');
  const [[hash]] = await connection.query<Row[]>(
    `SELECT SHA2(GROUP_CONCAT(hash ORDER BY hash), 256) AS hash, COUNT(*) AS n FROM (SELECT SHA2(CONCAT_WS(',', ${values.join(', ')}), 256) AS hash FROM ${from}) AS hashes`,
  );
  return { hash: hash?.hash, rows: hash?.n };
}

/** Keeps everything: every stored column by its name. */
export async function keepAllPolicy(connection: Connection, databases: readonly string[], allow: readonly object[]): Promise<object> {
  const [columns] = await connection.query<Row[]>(
    `SELECT DISTINCT COLUMN_NAME AS name FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME)
     WHERE TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE') AND COALESCE(GENERATION_EXPRESSION, '') = '' AND TABLE_SCHEMA IN (?)`,
    [databases],
  );
  return {
    version: 1,
    development_password: 'unused here',
    leak_scan: { allow },
    sources: {
      main: {
        comments: 'keep',
        programs: { keep: ['*'] },
        defaults: { keep: ['*'] },
        tables: { '*': { keep: columns.map(({ name }) => name) } },
      },
    },
  };
}
