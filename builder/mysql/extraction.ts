import type { Connection } from 'mysql2/promise';
import type { TablePlan, Value } from '../../anonymizers/index.ts';
import type { ByteBuffer } from '../byte-buffer.ts';
import { chosenRows } from '../chosen-rows.ts';
import type { Extraction } from '../extraction.ts';
import type { Lent } from '../lending.ts';
import { orderOfKey } from '../pack.ts';
import { appendRow } from '../table-text.ts';
import type { MysqlTable } from './catalog.ts';
import { qualifiedName, quoteName } from './connection.ts';
import { readRows } from './rows.ts';

/** One table of a MySQL source; `borrow` lends one of the session's connections for the time of the reading. */
export function mysqlExtraction(
  table: MysqlTable,
  plan: TablePlan,
  borrow: () => Lent<Connection>,
  sourceName: string,
): Extraction<Value[]> {
  const encodings = table.columns.map(({ encoding }) => encoding);
  const { key } = table;
  const [firstKey] = key;
  return {
    schema: table.schema,
    name: table.name,
    load: loadStatement(table),
    columns: table.columns.map(({ name }) => name),
    fileExtension: 'tsv',
    estimatedRows: plan.rows === 'none' ? 0 : table.estimatedRows,
    async *read(signal) {
      if (plan.rows === 'none') return;
      await using lent = borrow();
      const rows = readRows(lent.item, selectStatement(table, plan.where), sourceName, signal);
      if (plan.takes) yield* chosenRows(rows, plan.takes);
      else yield* rows;
    },
    mask(row) {
      plan.transform(row);
      return row;
    },
    encode: (row, out: ByteBuffer) => appendRow(out, row, encodings),
    key: (row) => (key.length === 0 ? undefined : key.map((index) => row[index] ?? null)),
    order: (row) => (firstKey === undefined ? undefined : orderOfKey(row[firstKey])),
    stream: () => 0,
  };
}

/** @param where the policy's own condition, as it is written there */
function selectStatement(table: MysqlTable, where: string | undefined): string {
  const columns = table.columns.map(({ select }) => select).join(', ');
  const order = table.key.map((index) => quoteName(table.columns[index]?.name ?? '')).join(', ');
  return `SELECT ${columns} FROM ${qualifiedName(table.schema, table.name)}${where === undefined ? '' : ` WHERE (${where}\n)`}${order ? ` ORDER BY ${order}` : ''}`;
}

/** Reads one chunk from the client's standard input; binary values come as hexadecimal digits. */
export function loadStatement(table: MysqlTable): string {
  const targets: string[] = [];
  const assignments: string[] = [];
  for (const [index, column] of table.columns.entries()) {
    const quoted = quoteName(column.name);
    if (column.loadExpression) {
      const variable = `@c${index + 1}`;
      targets.push(variable);
      assignments.push(`${quoted} = ${column.loadExpression(variable)}`);
    } else targets.push(quoted);
  }
  return [
    `LOAD DATA LOCAL INFILE '/dev/stdin' INTO TABLE ${qualifiedName(table.schema, table.name)} CHARACTER SET utf8mb4`,
    `FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (${targets.join(', ')})`,
    ...(assignments.length > 0 ? [`SET ${assignments.join(', ')}`] : []),
  ].join(' ');
}
