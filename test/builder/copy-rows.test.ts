import { describe, expect, it } from 'vitest';
import type { TablePlan, Value } from '../../anonymizers/index.ts';
import { createByteBuffer } from '../../builder/byte-buffer.ts';
import { hashKey } from '../../builder/key-hash.ts';
import { wholeTable } from '../../builder/key-ranges.ts';
import { orderOfKey } from '../../builder/pack.ts';
import { type CopyRow, createFieldPlaces, valuesOf } from '../../builder/postgres/copy-rows.ts';
import { postgresExtraction } from '../../builder/postgres/extraction.ts';
import { appendRow } from '../../builder/table-text.ts';

const rowOf = (line: Uint8Array, at = 0): CopyRow => {
  const bytes = new Uint8Array(at + line.length + 3).fill(0x09);
  bytes.set(line, at);
  return { bytes, at, end: at + line.length };
};

/** What PostgreSQL writes for a value (CopyAttributeOutText), byte by byte. */
const serverEscapes: Readonly<Record<number, string>> = { 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r', 92: '\\' };
function serverText(row: readonly Value[]): Buffer {
  const field = (value: Value): Buffer =>
    value === null
      ? Buffer.from('\\N')
      : Buffer.concat(
          Array.from(value, (byte) => (serverEscapes[byte] === undefined ? Buffer.of(byte) : Buffer.from(`\\${serverEscapes[byte]}`))),
        );
  return Buffer.concat(row.flatMap((value, index) => [...(index === 0 ? [] : [Buffer.from('\t')]), field(value)]));
}

/** The plain way: each value by itself, in JavaScript texts of one character for a byte. */
const meaning: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const plainValues = (line: Uint8Array): Value[] =>
  Buffer.from(line)
    .toString('latin1')
    .split('\t')
    .map((field) =>
      field === '\\N'
        ? null
        : Buffer.from(
            field.replaceAll(/\\([\s\S])/g, (_, letter: string) => meaning[letter] ?? letter),
            'latin1',
          ),
    );

/** Comparing bytes one by one would take long. */
const textOf = (value: Value): string | null => value && Buffer.from(value).toString('latin1');

/** A generator of 32 bits, so that a failure comes again. */
function createNumbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 0x41c64e6d) + 0x3039) >>> 0;
    return (state >>> 8) % bound;
  };
}

const hostile = [
  '\\N',
  '\\',
  '\\\\',
  '',
  '\t',
  '\n\t\\',
  '\\.',
  '\b\f\v',
  'N',
  '\\t',
  '\r\n',
  'été ☃ 🙂',
  '\x01\x7f',
  'x'.repeat(300),
  `${'y'.repeat(60)}\v`,
];

function randomValue(below: (bound: number) => number): Value {
  const kind = below(6);
  if (kind === 0) return null;
  if (kind === 1) return Buffer.from(hostile[below(hostile.length)] as string);
  if (kind === 2) return Buffer.from(String(below(1_000_000)));
  // PostgreSQL's texts hold no NUL.
  return Buffer.from(Array.from({ length: below(kind === 3 ? 5 : 90) }, () => 1 + below(255)));
}

describe('the rows of COPY', () => {
  const columns = 7;
  const places = createFieldPlaces(columns);

  it('give the values that a plain reader finds', () => {
    const below = createNumbers(1);
    for (let run = 0; run < 3_000; run += 1) {
      const values = Array.from({ length: columns }, () => randomValue(below));
      const line = serverText(values);
      expect(plainValues(line).map(textOf)).toEqual(values.map(textOf));
      expect(valuesOf(rowOf(line, below(4)), places, 'x').map(textOf)).toEqual(values.map(textOf));
    }
  });

  it.each([['one'], ['a\tb\tc\td'], ['']])('are refused with another number of fields: %j', (line) => {
    expect(() => valuesOf(rowOf(Buffer.from(line)), createFieldPlaces(3), 'x')).toThrow(expect.objectContaining({ code: 'SOURCE_FAILED' }));
  });

  it('without columns are empty', () => {
    expect(valuesOf(rowOf(Buffer.from('')), createFieldPlaces(0), 'x')).toEqual([]);
    expect(() => valuesOf(rowOf(Buffer.from('a')), createFieldPlaces(0), 'x')).toThrow();
  });
});

describe('a table of PostgreSQL, masked and encoded', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const replaced = (value: Value): Value => value && Buffer.from(`<\t${Buffer.from(value).toString('latin1')}\\>`, 'latin1');
  const transform = (kept: readonly boolean[]) => (row: Value[]) => {
    for (let index = 0; index < kept.length; index += 1) if (!kept[index]) row[index] = replaced(row[index] ?? null);
  };
  const hexOf = (value: Value): Value => value && Buffer.from(`\\x${Buffer.from(value).toString('hex')}`);

  it.each([
    ['everything kept', [true, true, true, true, true, true], [0]],
    ['everything masked', [false, false, false, false, false, false], [5, 0]],
    ['one here and there', [true, true, false, true, false, true], [1, 4]],
    ['both ends masked', [false, true, true, true, true, false], [0, 3]],
  ])('has the bytes, the key and the place that values by themselves would have: %s', (_name, kept, key) => {
    const binary = 3;
    const table = {
      schema: 's',
      name: 't',
      estimatedRows: 0,
      columns: names.map((name, index) => ({
        name,
        type: index === binary ? ('binary' as const) : ('text' as const),
        sqlType: 'text',
        nullable: true,
        unique: false,
      })),
      from: 't',
      into: 't',
      key,
      uniqueKeys: [],
      foreignKeys: [],
      ranges: [wholeTable],
    };
    const plan: TablePlan = {
      rows: 'all',
      reference: false,
      kept,
      reads: kept.map((one) => !one),
      inOrder: false,
      leaks: [],
      transform: transform(kept),
    };
    const notLent = (): never => {
      throw new Error('nothing is read here');
    };
    const extraction = postgresExtraction(table, plan, notLent, 'x');
    const below = createNumbers(7);
    for (let run = 0; run < 2_000; run += 1) {
      const real = names.map(() => randomValue(below));
      const sent = real.map((value, index) => (index === binary ? hexOf(value) : value));
      const expected = [...real];
      transform(kept)(expected);
      expected[binary] = hexOf(expected[binary] ?? null);
      const wanted = createByteBuffer(1);
      appendRow(
        wanted,
        expected,
        names.map(() => 'text'),
      );

      const row = extraction.mask(rowOf(serverText(sent), below(3)));
      const out = createByteBuffer(1);
      extraction.encode(row, out);
      expect(out.bytes.toString('latin1', 0, out.length)).toBe(wanted.bytes.toString('latin1', 0, wanted.length));
      expect(extraction.keyHash?.(row)).toBe(hashKey(key.map((index) => expected[index])));
      expect(extraction.order(row)).toBe(orderOfKey(expected[key[0] as number]));
    }
  });
});
