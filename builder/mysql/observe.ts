import type { Connection } from 'mysql2/promise';
import type { CompiledPolicy, TablePlan } from '../../anonymizers/index.ts';
import type { WatchSink } from '../leak-scan/scan-thread-client.ts';
import { noRow, observedColumns } from '../observed-columns.ts';
import type { MysqlTable } from './catalog.ts';
import { qualifiedName } from './connection.ts';
import { readRows } from './rows.ts';
import { createFieldPlaces, fieldOf, locateFields } from './wire-rows.ts';

/** Reads the columns with real values that the leak scan watches, and those whom prose can name; nothing where a table has none. Rows that the plan leaves out too: they are real. */
export async function observeMysql(
  table: MysqlTable,
  plan: TablePlan,
  connection: Connection,
  sourceName: string,
  { page, watch, ready }: WatchSink,
  known: CompiledPolicy['known'],
  signal: AbortSignal,
): Promise<void> {
  const { columns, identify, rowOf } = observedColumns(plan, known);
  const watched = columns.flatMap((index) => {
    const column = table.columns[index];
    return column ? [{ observe: plan.leaks[index]?.observe, whole: plan.leaks[index]?.whole, select: column.select }] : [];
  });
  if (watched.length === 0) return;
  const places = createFieldPlaces(watched.length);
  const { starts, ends } = places;
  const sql = `SELECT ${watched.map(({ select }) => select).join(', ')} FROM ${qualifiedName(table.schema, table.name)}`;
  for await (const rows of readRows(connection, sql, sourceName, signal)) {
    let current: Uint8Array | undefined;
    for (const row of rows) {
      if (row.bytes !== current) {
        current = row.bytes;
        page(current);
      }
      locateFields(row, places);
      const decided = rowOf?.((position) => fieldOf(row, places, position)) ?? noRow;
      for (let index = 0; index < watched.length; index += 1) {
        const { whole, observe } = watched[index] as (typeof watched)[number];
        if (whole !== undefined) {
          if ((starts[index] as number) >= 0) watch(whole, row.bytes, starts[index], ends[index]);
          continue;
        }
        const value = observe && fieldOf(row, places, index);
        if (value) observe(value, watch, decided);
      }
      identify?.((position) => fieldOf(row, places, position));
    }
    await ready();
  }
}
