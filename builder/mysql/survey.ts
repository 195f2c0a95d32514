import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { ColumnPlace, ColumnSurvey } from '../extraction.ts';
import type { Lent } from '../lending.ts';
import { translated } from '../translated.ts';
import type { MysqlTable } from './catalog.ts';
import { mysqlError, qualifiedName, quoteName } from './connection.ts';
import { readRows } from './rows.ts';
import { createFieldPlaces, keptValuesOf } from './wire-rows.ts';

const valuesPerEnd = 500;
/** Places between the ends of an integer key, and values read from each. */
const jumps = 20;
const valuesPerJump = 25;

export function mysqlSurvey(sourceName: string, borrow: () => Lent<Connection>, tables: () => readonly MysqlTable[]): ColumnSurvey {
  const guarded = <T>(work: () => Promise<T>): Promise<T> => translated((error) => mysqlError(sourceName, error), work);
  const number = async (connection: Connection, sql: string): Promise<number> => {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return Number(rows[0]?.n ?? 0);
  };
  return {
    values: (place, signal) =>
      guarded(async () => {
        const { from, column, key, isInteger } = namesOf(place, tables());
        await using lent = borrow();
        // Rows without a value count too: looking for one that has a value could read the whole table.
        const queries = [`SELECT ${column} FROM ${from}${key ? ` ORDER BY ${key}` : ''} LIMIT ${valuesPerEnd}`];
        if (key) queries.push(`SELECT ${column} FROM ${from} ORDER BY ${key} DESC LIMIT ${valuesPerEnd}`);
        if (key && isInteger) {
          const [bounds] = await lent.item.query<RowDataPacket[]>(`SELECT MIN(${key}) AS low, MAX(${key}) AS high FROM ${from}`);
          const [low, high] = [Number(bounds[0]?.low ?? 0), Number(bounds[0]?.high ?? 0)];
          for (let jump = 1; jump <= jumps; jump += 1) {
            const start = Math.floor(low + ((high - low) * jump) / (jumps + 1));
            queries.push(`SELECT ${column} FROM ${from} WHERE ${key} >= ${start} ORDER BY ${key} LIMIT ${valuesPerJump}`);
          }
        }
        const found: Uint8Array[] = [];
        const places = createFieldPlaces(1);
        for (const sql of queries) {
          for await (const batch of readRows(lent.item, sql, sourceName, signal)) {
            for (const row of batch) {
              const [value] = keptValuesOf(row, places);
              if (value) found.push(value);
            }
          }
        }
        return found;
      }),
    alike: (place, { folds, within }, most) =>
      guarded(async () => {
        const { from, column } = namesOf(place, tables());
        await using lent = borrow();
        const text = `LOWER(CONVERT(${column} USING utf8mb4))`;
        // Classes of signs and no codes: the servers' expressions write those in different ways.
        const folded =
          folds === 'signs'
            ? `REGEXP_REPLACE(${text}, '[[:space:][:punct:][:cntrl:]]', '')`
            : `TRIM(REGEXP_REPLACE(${text}, '[[:space:][:cntrl:]]+', ' '))`;
        const groups = [`${folded} COLLATE utf8mb4_bin`, ...within.map(quoteName)];
        const [least, greatest] = [`MIN(${column})`, `MAX(${column})`];
        const hex = (value: string): string => `HEX(CONVERT(${value} USING utf8mb4))`;
        const [rows] = await lent.item.query<RowDataPacket[]>(
          `SELECT ${hex(least)} AS least_hex, ${hex(greatest)} AS greatest_hex FROM ${from} WHERE ${column} IS NOT NULL
           GROUP BY ${groups.join(', ')} HAVING ${least} <> ${greatest} LIMIT ${most}`,
        );
        return rows.map(({ least_hex, greatest_hex }) => [Buffer.from(least_hex, 'hex'), Buffer.from(greatest_hex, 'hex')] as const);
      }),
    count: (place, mostValues, mostRows) =>
      guarded(async () => {
        const { from, column } = namesOf(place, tables());
        await using lent = borrow();
        // The server stops as soon as it has found that many.
        const rows = await number(
          lent.item,
          `SELECT COUNT(*) AS n FROM (SELECT 1 FROM ${from} WHERE ${column} IS NOT NULL LIMIT ${mostRows}) AS found`,
        );
        if (rows === 0) return { values: 0, rows };
        const values = await number(
          lent.item,
          `SELECT COUNT(*) AS n FROM (SELECT DISTINCT ${column} FROM ${from} WHERE ${column} IS NOT NULL LIMIT ${mostValues}) AS found`,
        );
        return { values, rows };
      }),
  };
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
