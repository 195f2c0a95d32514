import type { CompiledPolicy, TablePlan, Value } from '../anonymizers/index.ts';

export const noRow: readonly Value[] = [];

/** What the first pass reads of a table: columns with real values to watch, and those that say whom prose can name. */
export type ObservedColumns = {
  /** Indexes into the plan's columns, ascending. Empty where nothing is read. */
  readonly columns: readonly number[];
  /** Takes whom a row names; `field` gives the value of the n-th of `columns`. Absent where nobody asks for it. */
  readonly identify?: (field: (position: number) => Value) => void;
  /** The row, as far as what is watched depends on other columns in it. The next call fills it anew. Absent where nothing does. */
  readonly rowOf?: (field: (position: number) => Value) => readonly Value[];
};

/** @param known where some rule looks for names in prose: without one, nothing is read for it */
export function observedColumns({ leaks, identities }: TablePlan, known: CompiledPolicy['known']): ObservedColumns {
  const watched = leaks.flatMap((facts, index) => (facts?.observe ? [index] : []));
  const deciding = watched.flatMap((index) => leaks[index]?.reads ?? []);
  const identifying = known && identities ? identities.columns : [];
  const columns = [...new Set([...watched, ...deciding, ...identifying])].sort((a, b) => a - b);
  const filler = (indexes: readonly number[]): NonNullable<ObservedColumns['rowOf']> => {
    const row: Value[] = leaks.map(() => null);
    const positions = [...new Set(indexes)].map((index) => [index, columns.indexOf(index)] as const);
    return (field) => {
      for (const [index, position] of positions) row[index] = field(position);
      return row;
    };
  };
  const observed = { columns, ...(deciding.length === 0 ? {} : { rowOf: filler(deciding) }) };
  if (!known || !identities) return observed;
  const identifiedRow = filler(identifying);
  return { ...observed, identify: (field) => identities.observe(identifiedRow(field), known) };
}
