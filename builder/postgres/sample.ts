import type { Client } from 'pg';
import type { Value } from '../../anonymizers/index.ts';
import type { Lent } from '../lending.ts';
import { bothEnds, type Sample, sampledBytes, sampledChars } from '../sample.ts';
import { bytesOfHex } from './bytea.ts';
import type { PostgresTable } from './catalog.ts';
import { quoteName } from './connection.ts';
import { createFieldPlaces, valuesOf } from './copy-rows.ts';
import { readCopy } from './copy-stream.ts';

/** Some rows of every table, one table after another. A bytea is given as its bytes. */
export async function* sampleTables(
  tables: readonly PostgresTable[],
  borrow: () => Promise<Lent<Client>>,
  options: { readonly sourceName: string; readonly rows: number; readonly signal: AbortSignal },
): AsyncGenerator<Sample> {
  for (const table of tables) {
    if (table.columns.length === 0) continue;
    await using lent = await borrow();
    const places = createFieldPlaces(table.columns.length);
    const binary = table.columns.flatMap(({ type }, index) => (type === 'binary' ? [index] : []));
    const rows = await bothEnds(table.key, options.rows, async (direction) => {
      const sql = `COPY (${statement(table, direction, options.rows)}) TO STDOUT`;
      const read: Value[][] = [];
      for await (const batch of readCopy(lent.item, sql, options.sourceName, options.signal))
        for (const row of batch) read.push(valuesOf(row, places, options.sourceName));
      for (const row of read) for (const index of binary) row[index] = bytesOfHex(row[index] ?? null);
      return read;
    });
    yield { kind: 'table', schema: table.schema, name: table.name, rows };
  }
}

function statement(table: PostgresTable, direction: 'ASC' | 'DESC', rows: number): string {
  const order = table.key.map((index) => `${quoteName(table.columns[index]?.name ?? '')} ${direction}`).join(', ');
  const columns = table.columns.map(({ name, type }) => shortened(quoteName(name), type)).join(', ');
  return `SELECT ${columns} FROM ${table.from}${order ? ` ORDER BY ${order}` : ''} LIMIT ${rows}`;
}

function shortened(quoted: string, type: PostgresTable['columns'][number]['type']): string {
  if (type === 'json') return `CASE WHEN length(${quoted}::text) > ${sampledChars} THEN NULL ELSE ${quoted} END`;
  if (type === 'text') return `left(${quoted}, ${sampledChars})`;
  return type === 'binary' ? `substring(${quoted} FROM 1 FOR ${sampledBytes})` : quoted;
}
