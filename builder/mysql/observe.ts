import type { Connection } from 'mysql2/promise';
import type { TablePlan } from '../../anonymizers/index.ts';
import type { WatchSink } from '../leak-scan/scan-thread-client.ts';
import type { MysqlTable } from './catalog.ts';
import { qualifiedName } from './connection.ts';
import { readRows } from './rows.ts';

/** Reads the columns with real values that the leak scan watches; nothing where a table has none. Rows that the plan leaves out too: they are real. */
export async function observeMysql(
  table: MysqlTable,
  plan: TablePlan,
  connection: Connection,
  sourceName: string,
  sink: WatchSink,
  signal: AbortSignal,
): Promise<void> {
  const watched = plan.leaks.flatMap((facts, index) => {
    const column = table.columns[index];
    return facts?.observe && column ? [{ observe: facts.observe, select: column.select }] : [];
  });
  if (watched.length === 0) return;
  const sql = `SELECT ${watched.map(({ select }) => select).join(', ')} FROM ${qualifiedName(table.schema, table.name)}`;
  for await (const rows of readRows(connection, sql, sourceName, signal)) {
    for (const row of rows) {
      for (const [index, { observe }] of watched.entries()) {
        const value = row[index];
        if (value) observe(value, sink.watch);
      }
    }
    await sink.ready();
  }
}
