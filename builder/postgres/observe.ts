import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { TablePlan } from '../../anonymizers/index.ts';
import type { WatchSink } from '../leak-scan/scan-thread-client.ts';
import type { PostgresTable } from './catalog.ts';
import { postgresError, quoteName } from './connection.ts';
import { copyRows } from './copy-text.ts';
import { hexToBytes } from './extraction.ts';

/** Reads the columns with real values that the leak scan watches; nothing where a table has none. Rows that the plan leaves out too: they are real. */
export async function observePostgres(
  table: PostgresTable,
  plan: TablePlan,
  client: Client,
  sourceName: string,
  sink: WatchSink,
  signal: AbortSignal,
): Promise<void> {
  const watched = plan.leaks.flatMap((facts, index) => {
    const column = table.columns[index];
    return facts?.observe && column ? [{ observe: facts.observe, name: quoteName(column.name), isBinary: column.type === 'binary' }] : [];
  });
  if (watched.length === 0) return;
  const names = watched.map(({ name }) => name).join(', ');
  const stream = client.query(copyTo(`COPY (SELECT ${names} FROM ${table.from}) TO STDOUT`));
  const onAbort = (): void => {
    stream.destroy();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const rows of copyRows(stream, watched.length, sourceName)) {
      for (const row of rows) {
        for (const [index, { observe, isBinary }] of watched.entries()) {
          const value = isBinary ? hexToBytes(row[index] ?? null) : row[index];
          if (value) observe(value, sink.watch);
        }
      }
      await sink.ready();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw postgresError(sourceName, error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
