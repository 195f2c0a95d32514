import type { Connection } from 'mysql2/promise';
import type { TablePlan, Value } from '../../anonymizers/index.ts';
import { DynDataError } from '../../core/index.ts';
import type { ByteBuffer } from '../byte-buffer.ts';
import { chosenRows } from '../chosen-rows.ts';
import type { Extraction } from '../extraction.ts';
import { hashEnd, hashPart, hashStart } from '../key-hash.ts';
import { type KeyRange, whereInRange, wholeTable } from '../key-ranges.ts';
import type { Lent } from '../lending.ts';
import { orderOfKey } from '../pack.ts';
import { appendField, appendLineFeed, appendNull, appendTab, type ColumnEncoding } from '../table-text.ts';
import type { MysqlTable } from './catalog.ts';
import type { ColumnForm, Product } from './columns.ts';
import { qualifiedName, quoteName } from './connection.ts';
import { readRows } from './rows.ts';
import { createFieldPlaces, fieldOf, locateFields, valuesOf, type WireRow } from './wire-rows.ts';

/** One table of a MySQL source; `borrow` lends one of the session's connections for the time of the reading. */
export function mysqlExtraction(
  table: MysqlTable,
  plan: TablePlan,
  borrow: () => Promise<Lent<Connection>>,
  source: { readonly name: string; readonly product: Product },
): Extraction<WireRow> {
  const forms = table.columns.map((column, index) => (column.exact && plan.kept[index] && !plan.reads[index] ? column.exact : column));
  const encodings = forms.map(({ encoding }) => encoding);
  const { key } = table;
  const [firstKey] = key;
  // The row that was masked last. Values that the plan looks at are taken out; the others are written from where they were received.
  const places = createFieldPlaces(table.columns.length);
  const read = table.columns.flatMap((_, index) => (plan.reads[index] ? [index] : []));
  const isMasked = table.columns.map((_, index) => plan.kept[index] !== true);
  const values: Value[] = table.columns.map(() => null);

  // MariaDB stores an ENUM's error value only with a warning, which a restore must take for a failure.
  const errorValues = table.columns.flatMap(({ name, errorValue }, index) =>
    errorValue !== undefined && source.product === 'MariaDB' && !isMasked[index]
      ? [{ name, errorValue: Buffer.from(errorValue), index }]
      : [],
  );
  const refuseErrorValues = (row: WireRow): void => {
    for (const { name, errorValue, index } of errorValues) {
      const value = fieldOf(row, places, index);
      if (value && errorValue.equals(value))
        throw new DynDataError(
          'SOURCE_UNSUPPORTED',
          `The MariaDB source "${source.name}" has an ENUM's error value (number 0) in ${table.schema}.${table.name}.${name}, and MariaDB does not load it without a warning. Replace it by a member or NULL at the source, or give the column a rule.`,
        );
    }
  };

  const append = (row: WireRow, out: ByteBuffer, index: number): void => {
    const encoding = encodings[index] as ColumnEncoding;
    if (isMasked[index]) {
      const value = values[index];
      if (value) appendField(out, value, 0, value.length, encoding);
      else appendNull(out);
      return;
    }
    const start = places.starts[index] as number;
    if (start < 0) appendNull(out);
    else appendField(out, row.bytes, start, places.ends[index] as number, encoding);
  };
  const keyHash = (row: WireRow): number => {
    let state = hashStart;
    for (const index of key) {
      const value = isMasked[index] ? values[index] : row.bytes;
      const start = isMasked[index] ? 0 : (places.starts[index] as number);
      const end = isMasked[index] ? (value?.length ?? 0) : (places.ends[index] as number);
      state = hashPart(state, value ?? row.bytes, start, end);
    }
    return hashEnd(state);
  };

  return {
    schema: table.schema,
    name: table.name,
    load: loadStatement(table, forms),
    columns: table.columns.map(({ name }) => name),
    fileExtension: 'tsv',
    estimatedRows: plan.rows === 'none' ? 0 : table.estimatedRows,
    parts: (plan.inOrder || plan.rows === 'none' ? [wholeTable] : table.ranges).map((range) => ({
      start: String(range.low ?? ''),
      async *read(signal) {
        if (plan.rows === 'none') return;
        await using lent = await borrow();
        const rows = readRows(lent.item, selectStatement(table, forms, plan.where, range), source.name, signal);
        const { takes } = plan;
        if (takes) yield* chosenRows(rows, (row) => takes(valuesOf(row, places)));
        else yield* rows;
      },
    })),
    mask(row) {
      locateFields(row, places);
      if (errorValues.length > 0) refuseErrorValues(row);
      for (let at = 0; at < read.length; at += 1) values[read[at] as number] = fieldOf(row, places, read[at] as number);
      plan.transform(values);
      return row;
    },
    encode(row, out) {
      for (let index = 0; index < isMasked.length; index += 1) {
        if (index > 0) appendTab(out);
        append(row, out, index);
      }
      appendLineFeed(out);
    },
    ...(key.length === 0 ? {} : { keyHash }),
    order: (row) =>
      firstKey === undefined ? undefined : orderOfKey(isMasked[firstKey] ? values[firstKey] : fieldOf(row, places, firstKey)),
    stream: () => 0,
    isReference: () => plan.reference,
  };
}

/** @param where the policy's own condition, as it is written there */
function selectStatement(table: MysqlTable, forms: readonly ColumnForm[], where: string | undefined, range: KeyRange): string {
  const columns = forms.map(({ select }) => select).join(', ');
  const key = table.key.map((index) => quoteName(table.columns[index]?.name ?? ''));
  const chosen = whereInRange(key[0] ?? '', range, where);
  return `SELECT ${columns} FROM ${qualifiedName(table.schema, table.name)}${chosen}${key.length === 0 ? '' : ` ORDER BY ${key.join(', ')}`}`;
}

/** Reads one chunk from the client's standard input; binary values come as hexadecimal digits. */
function loadStatement(table: MysqlTable, forms: readonly ColumnForm[]): string {
  const targets: string[] = [];
  const assignments: string[] = [];
  for (const [index, { name }] of table.columns.entries()) {
    const quoted = quoteName(name);
    const expression = forms[index]?.loadExpression;
    if (expression) {
      const variable = `@c${index + 1}`;
      targets.push(variable);
      assignments.push(`${quoted} = ${expression(variable)}`);
    } else targets.push(quoted);
  }
  return [
    `LOAD DATA LOCAL INFILE '/dev/stdin' INTO TABLE ${qualifiedName(table.schema, table.name)} CHARACTER SET utf8mb4`,
    `FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (${targets.join(', ')})`,
    ...(assignments.length > 0 ? [`SET ${assignments.join(', ')}`] : []),
  ].join(' ');
}
