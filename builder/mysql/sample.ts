import type { Connection } from 'mysql2/promise';
import type { Value } from '../../anonymizers/index.ts';
import type { Lent } from '../lending.ts';
import { bothEnds, type Sample, sampledBytes, sampledChars } from '../sample.ts';
import type { MysqlTable } from './catalog.ts';
import type { MysqlColumn } from './columns.ts';
import { qualifiedName, quoteName } from './connection.ts';
import { readRows } from './rows.ts';
import { createFieldPlaces, keptValuesOf } from './wire-rows.ts';

/** Some rows of every table, one table after another. */
export async function* sampleTables(
  tables: readonly MysqlTable[],
  borrow: () => Promise<Lent<Connection>>,
  options: { readonly sourceName: string; readonly rows: number; readonly signal: AbortSignal },
): AsyncGenerator<Sample> {
  for (const table of tables) {
    if (table.columns.length === 0) continue;
    await using lent = await borrow();
    const places = createFieldPlaces(table.columns.length);
    const rows = await bothEnds(table.key, options.rows, async (direction) => {
      const read: Value[][] = [];
      for await (const batch of readRows(lent.item, statement(table, direction, options.rows), options.sourceName, options.signal))
        for (const row of batch) read.push(keptValuesOf(row, places));
      return read;
    });
    yield { kind: 'table', schema: table.schema, name: table.name, rows };
  }
}

function statement(table: MysqlTable, direction: 'ASC' | 'DESC', rows: number): string {
  const order = table.key.map((index) => `${quoteName(table.columns[index]?.name ?? '')} ${direction}`).join(', ');
  const columns = table.columns.map(shortened).join(', ');
  return `SELECT ${columns} FROM ${qualifiedName(table.schema, table.name)}${order ? ` ORDER BY ${order}` : ''} LIMIT ${rows}`;
}

function shortened({ name, type, select, sqlType }: MysqlColumn): string {
  const quoted = quoteName(name);
  if (type === 'json') return `IF(CHAR_LENGTH(${quoted}) > ${sampledChars}, NULL, ${quoted})`;
  if (/text/i.test(sqlType)) return `LEFT(${quoted}, ${sampledChars})`;
  return /blob|binary/i.test(sqlType) ? `LEFT(${quoted}, ${sampledBytes})` : select;
}
