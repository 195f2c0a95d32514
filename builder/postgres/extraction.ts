import type { Client } from 'pg';
import type { TablePlan, Value } from '../../anonymizers/index.ts';
import type { ByteBuffer } from '../byte-buffer.ts';
import { chosenRows } from '../chosen-rows.ts';
import type { Extraction } from '../extraction.ts';
import { hashEnd, hashPart, hashStart } from '../key-hash.ts';
import { type KeyRange, whereInRange, wholeTable } from '../key-ranges.ts';
import type { Lent } from '../lending.ts';
import { orderOfKey } from '../pack.ts';
import { appendField, appendLineFeed, appendNull, appendTab } from '../table-text.ts';
import { bytesOfHex, hexOfBytes } from './bytea.ts';
import type { PostgresTable } from './catalog.ts';
import { emptySearchPath, quoteName } from './connection.ts';
import { appendRun, type CopyRow, createFieldPlaces, fieldOf, locateFields, valuesOf } from './copy-rows.ts';
import { readCopy } from './copy-stream.ts';

/** Columns that leave the same way: masked ones by themselves, kept ones with their neighbours. */
type Part = { readonly first: number; readonly last: number; readonly isMasked: boolean };

/** One table of a PostgreSQL source; `borrow` lends one of the session's connections for the time of the reading. */
export function postgresExtraction(
  table: PostgresTable,
  plan: TablePlan,
  borrow: () => Promise<Lent<Client>>,
  sourceName: string,
): Extraction<CopyRow> {
  const names = table.columns.map(({ name }) => quoteName(name)).join(', ');
  const { key } = table;
  const [firstKey] = key;
  const keyNames = key.map((index) => quoteName(table.columns[index]?.name ?? ''));
  const select = (range: KeyRange): string => {
    const chosen = whereInRange(keyNames[0] ?? '', range, plan.where);
    return `SELECT ${names} FROM ${table.from}${chosen}${keyNames.length === 0 ? '' : ` ORDER BY ${keyNames.join(', ')}`}`;
  };
  // The row that was masked last. Values that the plan looks at are taken out; the others are written from where they were received.
  const places = createFieldPlaces(table.columns.length);
  const isBinary = table.columns.map(({ type }) => type === 'binary');
  const isMasked = table.columns.map((_, index) => plan.kept[index] !== true);
  const read = table.columns.flatMap((_, index) => (plan.reads[index] ? [index] : []));
  const maskedBinary = table.columns.flatMap((_, index) => (isBinary[index] && isMasked[index] ? [index] : []));
  const values: Value[] = table.columns.map(() => null);
  const parts = partsOf(isMasked);

  const realValue = (row: CopyRow, index: number): Value => {
    const field = fieldOf(row, places, index);
    return isBinary[index] ? bytesOfHex(field) : field;
  };
  const realValues = (row: CopyRow): Value[] =>
    valuesOf(row, places, sourceName).map((value, index) => (isBinary[index] ? bytesOfHex(value) : value));
  /** As it leaves, unescaped. */
  const maskedValue = (row: CopyRow, index: number): Value => (isMasked[index] ? (values[index] ?? null) : fieldOf(row, places, index));
  const appendPart = (row: CopyRow, { first, last, isMasked: replaced }: Part, out: ByteBuffer): void => {
    if (replaced) {
      const value = values[first];
      if (value) appendField(out, value, 0, value.length, 'text');
      else appendNull(out);
      return;
    }
    let isEscaped = false;
    for (let index = first; index <= last; index += 1) isEscaped ||= places.escaped[index] !== 0;
    appendRun(out, row, places.starts[first] as number, places.ends[last] as number, isEscaped);
  };
  const keyHash = (row: CopyRow): number => {
    let state = hashStart;
    for (const index of key) {
      if (!isMasked[index] && places.escaped[index] === 0) {
        state = hashPart(state, row.bytes, places.starts[index] as number, places.ends[index] as number);
        continue;
      }
      const value = maskedValue(row, index);
      state = hashPart(state, value ?? row.bytes, 0, value?.length ?? 0);
    }
    return hashEnd(state);
  };

  return {
    schema: table.schema,
    name: table.name,
    // Without a list COPY takes all stored columns; an empty list is a syntax error.
    load: names === '' ? `COPY ${table.into} FROM STDIN` : `COPY ${table.into} (${names}) FROM STDIN`,
    columns: table.columns.map(({ name }) => name),
    fileExtension: 'tsv',
    estimatedRows: plan.rows === 'none' ? 0 : table.estimatedRows,
    parts: (plan.inOrder || plan.rows === 'none' ? [wholeTable] : table.ranges).map((range) => ({
      start: String(range.low ?? ''),
      async *read(signal) {
        if (plan.rows === 'none') return;
        await using lent = await borrow();
        // The condition may name tables as the source's own programs do; without one, names in the rows (regclass) come with their schema.
        await lent.item.query(plan.where === undefined ? emptySearchPath : 'RESET search_path');
        const rows = readCopy(lent.item, `COPY (${select(range)}) TO STDOUT`, sourceName, signal);
        const { takes } = plan;
        if (takes) yield* chosenRows(rows, (row) => takes(realValues(row)));
        else yield* rows;
      },
    })),
    mask(row) {
      locateFields(row, places, sourceName);
      for (let at = 0; at < read.length; at += 1) values[read[at] as number] = realValue(row, read[at] as number);
      plan.transform(values);
      for (const index of maskedBinary) values[index] = hexOfBytes(values[index] ?? null);
      return row;
    },
    encode(row, out) {
      for (let at = 0; at < parts.length; at += 1) {
        if (at > 0) appendTab(out);
        appendPart(row, parts[at] as Part, out);
      }
      appendLineFeed(out);
    },
    ...(key.length === 0 ? {} : { keyHash }),
    order: (row) => (firstKey === undefined ? undefined : orderOfKey(maskedValue(row, firstKey))),
    stream: () => 0,
    isReference: () => plan.reference,
  };
}

function partsOf(isMasked: readonly boolean[]): Part[] {
  const parts: Part[] = [];
  for (const [index, masked] of isMasked.entries()) {
    const before = parts.at(-1);
    if (before && !before.isMasked && !masked) parts[parts.length - 1] = { ...before, last: index };
    else parts.push({ first: index, last: index, isMasked: masked });
  }
  return parts;
}
