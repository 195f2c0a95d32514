import type { Client } from 'pg';
import type { ColumnPlace, ColumnSurvey } from '../extraction.ts';
import type { Lent } from '../lending.ts';
import { translated } from '../translated.ts';
import type { PostgresTable } from './catalog.ts';
import { postgresError, quoteName } from './connection.ts';

const valuesPerEnd = 500;
/** Read from about one page in a hundred, wherever it is. */
const valuesBetween = 500;

export function postgresSurvey(sourceName: string, borrow: () => Lent<Client>, tables: () => readonly PostgresTable[]): ColumnSurvey {
  const guarded = <T>(work: () => Promise<T>): Promise<T> => translated((error) => postgresError(sourceName, error), work);
  const number = async (client: Client, sql: string): Promise<number> => Number((await client.query<{ n: string }>(sql)).rows[0]?.n ?? 0);
  return {
    values: (place, signal) =>
      guarded(async () => {
        const { from, column, key, isTable } = namesOf(place, tables());
        await using lent = borrow();
        const select = (rest: string): string => `SELECT ${column}::text AS value FROM ${from}${rest}`;
        // Rows without a value count too: looking for one that has a value could read the whole table.
        const queries = [
          select(`${key ? ` ORDER BY ${key}` : ''} LIMIT ${valuesPerEnd}`),
          ...(key ? [select(` ORDER BY ${key} DESC LIMIT ${valuesPerEnd}`)] : []),
          ...(isTable ? [select(` TABLESAMPLE SYSTEM (1) WHERE ${column} IS NOT NULL LIMIT ${valuesBetween}`)] : []),
        ];
        const found: Uint8Array[] = [];
        for (const sql of queries) {
          signal.throwIfAborted();
          const { rows } = await lent.item.query<{ value: string | null }>(sql);
          for (const { value } of rows) if (value !== null) found.push(Buffer.from(value));
        }
        return found;
      }),
    alike: (place, { folds, within }, most) =>
      guarded(async () => {
        const { from, column } = namesOf(place, tables());
        await using lent = borrow();
        // Expressions do not take the collations that ignore differences.
        const text = `lower(${column}::text COLLATE "default")`;
        const folded =
          folds === 'signs'
            ? `regexp_replace(${text}, '[[:space:][:punct:][:cntrl:]]', '', 'g')`
            : `btrim(regexp_replace(${text}, '[[:space:][:cntrl:]]+', ' ', 'g'))`;
        const groups = [folded, ...within.map(quoteName)];
        const [least, greatest] = [`min(${column}::text COLLATE "C")`, `max(${column}::text COLLATE "C")`];
        const { rows } = await lent.item.query<{ first_value: string; last_value: string }>(
          `SELECT ${least} AS first_value, ${greatest} AS last_value FROM ${from} WHERE ${column} IS NOT NULL
           GROUP BY ${groups.join(', ')} HAVING ${least} <> ${greatest} LIMIT ${most}`,
        );
        return rows.map(({ first_value, last_value }) => [Buffer.from(first_value), Buffer.from(last_value)] as const);
      }),
    count: (place, mostValues, mostRows) =>
      guarded(async () => {
        const { from, column } = namesOf(place, tables());
        await using lent = borrow();
        // The server stops as soon as it has found that many.
        const rows = await number(
          lent.item,
          `SELECT count(*) AS n FROM (SELECT FROM ${from} WHERE ${column} IS NOT NULL LIMIT ${mostRows}) AS found`,
        );
        if (rows === 0) return { values: 0, rows };
        const values = await number(
          lent.item,
          `SELECT count(*) AS n FROM (SELECT DISTINCT ${column}::text FROM ${from} WHERE ${column} IS NOT NULL LIMIT ${mostValues}) AS found`,
        );
        return { values, rows };
      }),
  };
}

function namesOf(place: ColumnPlace, tables: readonly PostgresTable[]) {
  const table = tables.find(({ schema, name }) => schema === place.schema && name === place.table);
  const [first] = table?.key ?? [];
  const key = first === undefined ? undefined : table?.columns[first]?.name;
  return {
    from: table?.from ?? '',
    isTable: table?.from.startsWith('ONLY ') === true,
    column: quoteName(place.column),
    key: key === undefined ? undefined : quoteName(key),
  };
}
