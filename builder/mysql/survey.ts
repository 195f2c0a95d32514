import type { Connection, RowDataPacket } from 'mysql2/promise';
import { type ColumnPlace, type ColumnSurvey, mostGroups } from '../extraction.ts';
import { translated } from '../translated.ts';
import type { MysqlTable } from './catalog.ts';
import { mysqlError, qualifiedName, quoteName } from './connection.ts';
import { readRows } from './rows.ts';
import { createFieldPlaces, keptValuesOf } from './wire-rows.ts';

const valuesPerEnd = 500;
/** Places between the ends of an integer key, and values read from each. */
const jumps = 20;
const valuesPerJump = 25;

export function mysqlSurvey(sourceName: string, connection: Connection, tables: readonly MysqlTable[]): ColumnSurvey {
  const guarded = <T>(work: () => Promise<T>): Promise<T> => translated((error) => mysqlError(sourceName, error), work);
  const number = async (sql: string): Promise<number> => {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return Number(rows[0]?.n ?? 0);
  };
  return {
    values: (place, signal) =>
      guarded(async () => {
        const { from, column, key, isInteger } = namesOf(place, tables);
        // Rows without a value count too: looking for one that has a value could read the whole table.
        const queries = [`SELECT ${column} FROM ${from}${key ? ` ORDER BY ${key}` : ''} LIMIT ${valuesPerEnd}`];
        if (key) queries.push(`SELECT ${column} FROM ${from} ORDER BY ${key} DESC LIMIT ${valuesPerEnd}`);
        if (key && isInteger) {
          const [bounds] = await connection.query<RowDataPacket[]>(`SELECT MIN(${key}) AS low, MAX(${key}) AS high FROM ${from}`);
          const [low, high] = [Number(bounds[0]?.low ?? 0), Number(bounds[0]?.high ?? 0)];
          for (let jump = 1; jump <= jumps; jump += 1) {
            const start = Math.floor(low + ((high - low) * jump) / (jumps + 1));
            queries.push(`SELECT ${column} FROM ${from} WHERE ${key} >= ${start} ORDER BY ${key} LIMIT ${valuesPerJump}`);
          }
        }
        const found: Uint8Array[] = [];
        const places = createFieldPlaces(1);
        for (const sql of queries) {
          for await (const batch of readRows(connection, sql, sourceName, signal)) {
            for (const row of batch) {
              const [value] = keptValuesOf(row, places);
              if (value) found.push(value);
            }
          }
        }
        return found;
      }),
    alike: (place, { folds, leaf, within, equalNulls, caseTells }) =>
      guarded(async () => {
        const { from, column } = namesOf(place, tables);
        const value = leaf === undefined ? column : `JSON_UNQUOTE(JSON_EXTRACT(${column}, ${connection.escape(leaf)}))`;
        const text = `CONVERT(${value} USING utf8mb4)`;
        // Of plain letters and digits the key itself leaves no two to a rule that folds no more than their case. This reads the key, and sorts nothing.
        if (!caseTells && folds === 'blanks') {
          const [others] = await connection.query<RowDataPacket[]>(`SELECT 1 FROM ${from} WHERE ${text} REGEXP '[^!-~]' LIMIT 1`);
          if (others.length === 0) return [];
        }
        // Classes of signs and no codes: the servers' expressions write those in different ways. The collation has no weight for case and
        // accents, and takes letters and what they are composed of for one; but for a dotless i (C4B1).
        const folded = `REGEXP_REPLACE(REPLACE(${text}, _utf8mb4 x'C4B1', 'i'), '[[:space:][:punct:][:cntrl:]]', '') COLLATE utf8mb4_unicode_520_ci`;
        const others = within.map(quoteName);
        const present = [value, ...(equalNulls ? [] : others)].map((name) => `${name} IS NOT NULL`);
        await connection.query('SET SESSION group_concat_max_len = 16777216');
        const [rows] = await connection.query<RowDataPacket[]>(
          `SELECT GROUP_CONCAT(DISTINCT HEX(${text}) SEPARATOR ' ') AS members FROM ${from} WHERE ${present.join(' AND ')}
           GROUP BY ${[folded, ...others].join(', ')} HAVING COUNT(*) > 1 LIMIT ${mostGroups}`,
        );
        return rows.map(({ members }) =>
          String(members)
            .split(' ')
            .map((hex) => Buffer.from(hex, 'hex')),
        );
      }),
    spellings: ({ schema, table, column }, foreignKey) =>
      guarded(async () => {
        const parent = tables.find((one) => one.schema === foreignKey.schema && one.name === foreignKey.table);
        const comparisons = foreignKey.columns.map((name, at) => {
          const target = parent?.columns.find((one) => one.name === foreignKey.targetColumns[at]);
          return `${comparable(`child.${quoteName(name)}`, target?.collation)} = parent.${quoteName(foreignKey.targetColumns[at] ?? '')}`;
        });
        const own = `child.${quoteName(column)}`;
        const referred = `parent.${quoteName(foreignKey.targetColumns[foreignKey.columns.indexOf(column)] ?? '')}`;
        const hex = (value: string): string => `HEX(CONVERT(${value} USING utf8mb4))`;
        const [rows] = await connection.query<RowDataPacket[]>(
          `SELECT DISTINCT ${hex(own)} AS own, ${hex(referred)} AS referred
           FROM ${qualifiedName(schema, table)} AS child
             JOIN ${qualifiedName(foreignKey.schema, foreignKey.table)} AS parent ON ${comparisons.join(' AND ')}
           WHERE CAST(${own} AS BINARY) <> CAST(${referred} AS BINARY) LIMIT ${mostGroups}`,
        );
        return rows.map((row) => [Buffer.from(String(row.own), 'hex'), Buffer.from(String(row.referred), 'hex')] as const);
      }),
    count: (place, mostValues, mostRows) =>
      guarded(async () => {
        const { from, column } = namesOf(place, tables);
        // The server stops as soon as it has found that many.
        const rows = await number(
          `SELECT COUNT(*) AS n FROM (SELECT 1 FROM ${from} WHERE ${column} IS NOT NULL LIMIT ${mostRows}) AS found`,
        );
        if (rows === 0) return { values: 0, rows };
        const values = await number(
          `SELECT COUNT(*) AS n FROM (SELECT DISTINCT ${column} FROM ${from} WHERE ${column} IS NOT NULL LIMIT ${mostValues}) AS found`,
        );
        return { values, rows };
      }),
  };
}

/**
 * A column to compare with another one of a collation, which counts also where this one's own is different. Never the bare column: of two that
 * are equal the server may put one in the place of the other, whose bytes then are no other.
 */
function comparable(column: string, collation: string | undefined): string {
  if (collation === undefined) return `COALESCE(${column})`;
  const [charset] = collation.split('_');
  return `CONVERT(${column} USING ${charset}) COLLATE ${collation}`;
}

function namesOf(place: ColumnPlace, tables: readonly MysqlTable[]) {
  const table = tables.find(({ schema, name }) => schema === place.schema && name === place.table);
  const [first] = table?.key ?? [];
  const column = first === undefined ? undefined : table?.columns[first];
  return {
    from: qualifiedName(place.schema, place.table),
    column: quoteName(place.column),
    key: column && quoteName(column.name),
    isInteger: column?.type === 'integer',
  };
}
