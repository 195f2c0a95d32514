/** Whole numbers from `low` on, up to `high` and without it; absent where nothing bounds them. */
export type KeyRange = { readonly low?: bigint; readonly high?: bigint };

/** All of a table. */
export const wholeTable: KeyRange = {};

/** A table with fewer rows is read in one piece: what that takes is not worth more queries. Their number is counted, as an estimate is another each night. */
const fewRows = 200_000;

/**
 * Ranges of an integer key in which a large table is read, over several connections at once: four to eight between the least and the greatest
 * key. They begin at multiples of a power of two, so they stay where they are when rows are added, until the keys reach twice as far; then
 * every second one goes. Chunks end where a range ends, so each range has the chunks of the night before where its rows did not change.
 */
export function keyRanges(least: bigint, greatest: bigint): readonly KeyRange[] {
  const span = greatest - least + 1n;
  if (span < 8n) return [wholeTable];
  const width = 1n << BigInt(span.toString(2).length - 3);
  const first = floorTo(least, width) + width;
  const starts: bigint[] = [];
  for (let start = first; start <= greatest; start += width) starts.push(start);
  return [undefined, ...starts].map((low, index) => {
    const high = starts[index];
    return { ...(low === undefined ? {} : { low }), ...(high === undefined ? {} : { high }) };
  });
}

/** The greatest multiple of `width` that is not above `value`. */
function floorTo(value: bigint, width: bigint): bigint {
  const rest = value % width;
  return value - (rest < 0n ? rest + width : rest);
}

/**
 * ` WHERE …` for the rows of a range, or nothing where that is all of them.
 * @param column the key's, quoted
 * @param where the policy's own condition, as it is written there
 */
export function whereInRange(column: string, { low, high }: KeyRange, where: string | undefined): string {
  const conditions = [
    where === undefined ? '' : `(${where}\n)`,
    low === undefined ? '' : `${column} >= ${low}`,
    high === undefined ? '' : `${column} < ${high}`,
  ].filter((condition) => condition !== '');
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

type RangedTable = {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly key: readonly number[];
  readonly ranges: readonly KeyRange[];
};

/** What a server is asked of a table whose key is the given column. */
export type RangeQuestions<T> = {
  /** The least and the greatest value of the key, as digits; null where there are no rows. */
  bounds(table: T, keyColumn: string): Promise<{ readonly low: string | null; readonly high: string | null }>;
  /** How many rows there are, counted up to `most`. */
  count(table: T, most: number): Promise<number>;
};

/** The tables with the ranges of those that are large; what decides is in the rows, so equal rows are always cut alike. */
export async function rangedTables<T extends RangedTable>(tables: readonly T[], { bounds, count }: RangeQuestions<T>): Promise<T[]> {
  const ranged: T[] = [];
  for (const table of tables) {
    const [column, ...others] = table.key.map((index) => table.columns[index]);
    const { low, high } = column?.type === 'integer' && others.length === 0 ? await bounds(table, column.name) : { low: null, high: null };
    const [least, greatest] = [BigInt(low ?? 0), BigInt(high ?? 0)];
    const isLarge = greatest - least >= BigInt(fewRows - 1) && (await count(table, fewRows)) >= fewRows;
    ranged.push(isLarge ? { ...table, ranges: keyRanges(least, greatest) } : table);
  }
  return ranged;
}
