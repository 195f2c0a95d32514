import type { Client } from 'pg';
import type { CompiledPolicy, TablePlan, Value } from '../../anonymizers/index.ts';
import type { WatchSink } from '../leak-scan/scan-thread-client.ts';
import { noRow, observedColumns } from '../observed-columns.ts';
import { bytesOfHex } from './bytea.ts';
import type { PostgresTable } from './catalog.ts';
import { quoteName } from './connection.ts';
import { type CopyRow, createFieldPlaces, fieldOf, locateFields } from './copy-rows.ts';
import { readCopy } from './copy-stream.ts';

/** Reads the columns with real values that the leak scan watches, and those whom prose can name; nothing where a table has none. Rows that the plan leaves out too: they are real. */
export async function observePostgres(
  table: PostgresTable,
  plan: TablePlan,
  client: Client,
  sourceName: string,
  { page, watch, ready }: WatchSink,
  known: CompiledPolicy['known'],
  signal: AbortSignal,
): Promise<void> {
  const { columns, identify, rowOf } = observedColumns(plan, known);
  const watched = columns.flatMap((index) => {
    const column = table.columns[index];
    const facts = plan.leaks[index];
    return column
      ? [{ observe: facts?.observe, whole: facts?.whole, name: quoteName(column.name), isBinary: column.type === 'binary' }]
      : [];
  });
  if (watched.length === 0) return;
  const places = createFieldPlaces(watched.length);
  const { starts, ends, escaped } = places;
  const fieldValue = (row: CopyRow, index: number, isBinary: boolean): Value => {
    const field = fieldOf(row, places, index);
    return isBinary ? bytesOfHex(field) : field;
  };
  const sql = `COPY (SELECT ${watched.map(({ name }) => name).join(', ')} FROM ${table.from}) TO STDOUT`;
  for await (const rows of readCopy(client, sql, sourceName, signal)) {
    let current: Uint8Array | undefined;
    for (const row of rows) {
      if (row.bytes !== current) {
        current = row.bytes;
        page(current);
      }
      locateFields(row, places, sourceName);
      const decided = rowOf?.((position) => fieldValue(row, position, watched[position]?.isBinary === true)) ?? noRow;
      for (let index = 0; index < watched.length; index += 1) {
        const { whole, observe, isBinary } = watched[index] as (typeof watched)[number];
        // Without a backslash it is no NULL, no bytea and stands there as it is.
        if (whole !== undefined && escaped[index] === 0) {
          watch(whole, row.bytes, starts[index], ends[index]);
          continue;
        }
        const value = observe && fieldValue(row, index, isBinary);
        if (value) observe(value, watch, decided);
      }
      identify?.((position) => fieldValue(row, position, watched[position]?.isBinary === true));
    }
    await ready();
  }
}
