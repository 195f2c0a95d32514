import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyRange, keyRanges, rangedTables, whereInRange, wholeTable } from '../../builder/key-ranges.ts';

const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
const bounds = fc
  .tuple(integer, integer)
  .map(([a, b]) => (a < b ? ([a, b] as const) : ([b, a] as const)))
  .filter(([low, high]) => high - low >= 8n);
const holds = ({ low, high }: KeyRange, value: bigint): boolean =>
  (low === undefined || value >= low) && (high === undefined || value < high);
const startsOf = (ranges: readonly KeyRange[]): (bigint | undefined)[] => ranges.map(({ low }) => low);

describe('the ranges of a key', () => {
  it('hold every number once, the ones beyond the bounds too, and are four to nine', () => {
    fc.assert(
      fc.property(bounds, fc.array(integer, { maxLength: 20 }), ([low, high], others) => {
        const ranges = keyRanges(low, high);
        expect(ranges.length).toBeGreaterThanOrEqual(4);
        expect(ranges.length).toBeLessThanOrEqual(9);
        const edges = ranges.flatMap((range) => (range.low === undefined ? [] : [range.low - 1n, range.low, range.low + 1n]));
        for (const value of [low, high, ...edges, ...others]) expect(ranges.filter((range) => holds(range, value)).length).toBe(1);
        for (const { low: from } of ranges.slice(1)) expect(from !== undefined && from > low && from <= high).toBe(true);
      }),
    );
  });

  it('begin where they began when rows are added at the end, until there are twice as many', () => {
    fc.assert(
      fc.property(bounds, fc.bigInt({ min: 0n, max: 2n ** 63n }), ([low, high], added) => {
        const before = startsOf(keyRanges(low, high));
        const span = high - low + 1n;
        const after = startsOf(keyRanges(low, high + (added % span)));
        // At most every second one is gone, and none has moved.
        const kept = before.filter((start) => after.includes(start));
        expect(after.slice(0, kept.length)).toEqual(kept);
        expect(kept.length * 2).toBeGreaterThanOrEqual(before.length - 1);
      }),
    );
  });

  it('are conditions in SQL', () => {
    expect(whereInRange('`id`', wholeTable, undefined)).toBe('');
    expect(whereInRange('`id`', wholeTable, 'a = 1 OR b = 2 -- remark')).toBe(' WHERE (a = 1 OR b = 2 -- remark\n)');
    expect(whereInRange('`id`', { low: 8n }, 'a = 1')).toBe(' WHERE (a = 1\n) AND `id` >= 8');
    expect(keyRanges(-5n, 26n).map((range) => whereInRange('"id"', range, undefined))).toEqual([
      ' WHERE "id" < 0',
      ' WHERE "id" >= 0 AND "id" < 8',
      ' WHERE "id" >= 8 AND "id" < 16',
      ' WHERE "id" >= 16 AND "id" < 24',
      ' WHERE "id" >= 24',
    ]);
  });
});

describe('a table', () => {
  const integers = {
    columns: [
      { name: 'id', type: 'integer' },
      { name: 'text', type: 'text' },
    ],
    key: [0],
    ranges: [wholeTable],
  };
  const asked = async (table: typeof integers, low: string | null, high: string | null, rows: number): Promise<number> => {
    const [ranged] = await rangedTables([table], {
      bounds: async () => ({ low, high }),
      count: async (_table, most) => Math.min(rows, most),
    });
    return ranged?.ranges.length ?? 0;
  };

  it('is read in ranges where it has many rows and its key is one whole number', async () => {
    expect(await asked(integers, '1', '200000', 200_000)).toBeGreaterThan(3);
    expect(await asked(integers, '-9223372036854775808', '18446744073709551615', 3_000_000)).toBeGreaterThan(3);
    expect(await asked(integers, '1', '199999', 199_999)).toBe(1);
    expect(await asked(integers, '1', '4000000000', 199_999)).toBe(1);
    expect(await asked(integers, null, null, 0)).toBe(1);
    expect(await asked({ ...integers, key: [1] }, '1', '200000', 200_000)).toBe(1);
    expect(await asked({ ...integers, key: [0, 1] }, '1', '200000', 200_000)).toBe(1);
    expect(await asked({ ...integers, key: [] }, '1', '200000', 200_000)).toBe(1);
  });
});
