import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { TablePlan, Value } from '../../anonymizers/index.ts';
import { chosenRows } from '../chosen-rows.ts';
import type { Extraction } from '../extraction.ts';
import { hashKey } from '../key-hash.ts';
import type { Lent } from '../lending.ts';
import { orderOfKey } from '../pack.ts';
import { appendRow, type ColumnEncoding } from '../table-text.ts';
import type { PostgresTable } from './catalog.ts';
import { emptySearchPath, postgresError, quoteName } from './connection.ts';
import { copyRows } from './copy-text.ts';

/** One table of a PostgreSQL source; `borrow` lends one of the session's connections for the time of the reading. */
export function postgresExtraction(
  table: PostgresTable,
  plan: TablePlan,
  borrow: () => Lent<Client>,
  sourceName: string,
): Extraction<Value[]> {
  const names = table.columns.map(({ name }) => quoteName(name)).join(', ');
  const order = table.key.map((index) => quoteName(table.columns[index]?.name ?? '')).join(', ');
  const encodings: ColumnEncoding[] = table.columns.map(() => 'text');
  // A policy works on the raw bytes of a bytea; the server's text form is `\x` and hexadecimal digits.
  const maskedBinary = table.columns.flatMap(({ type }, index) => (type === 'binary' && !plan.kept[index] ? [index] : []));
  const { key } = table;
  const [firstKey] = key;
  return {
    schema: table.schema,
    name: table.name,
    // Without a list COPY takes all stored columns; an empty list is a syntax error.
    load: names === '' ? `COPY ${table.into} FROM STDIN` : `COPY ${table.into} (${names}) FROM STDIN`,
    columns: table.columns.map(({ name }) => name),
    fileExtension: 'tsv',
    estimatedRows: plan.rows === 'none' ? 0 : table.estimatedRows,
    async *read(signal) {
      if (plan.rows === 'none') return;
      await using lent = borrow();
      // The policy's own condition, as it is written there.
      const where = plan.where === undefined ? '' : ` WHERE (${plan.where}\n)`;
      const copy = copyTo(`COPY (SELECT ${names} FROM ${table.from}${where}${order ? ` ORDER BY ${order}` : ''}) TO STDOUT`);
      // The condition may name tables as the source's own programs do; without one, names in the rows (regclass) come with their schema.
      await lent.item.query(where === '' ? emptySearchPath : 'RESET search_path');
      const stream = lent.item.query(copy);
      const onAbort = (): void => {
        stream.destroy();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        const rows = copyRows(stream, table.columns.length, sourceName);
        if (plan.takes) yield* chosenRows(rows, plan.takes);
        else yield* rows;
        signal.throwIfAborted();
      } catch (error) {
        signal.throwIfAborted();
        throw postgresError(sourceName, error);
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
    mask(row) {
      for (const index of maskedBinary) row[index] = hexToBytes(row[index] ?? null);
      plan.transform(row);
      for (const index of maskedBinary) row[index] = bytesToHex(row[index] ?? null);
      return row;
    },
    encode: (row, out) => appendRow(out, row, encodings),
    ...(key.length === 0 ? {} : { keyHash: (row) => hashKey(key.map((index) => row[index])) }),
    order: (row) => (firstKey === undefined ? undefined : orderOfKey(row[firstKey])),
    stream: () => 0,
  };
}

export function hexToBytes(value: Value): Value {
  return value && Buffer.from(Buffer.from(value).toString('latin1', 2), 'hex');
}

function bytesToHex(value: Value): Value {
  return value && Buffer.from(`\\x${Buffer.from(value).toString('hex')}`, 'latin1');
}
