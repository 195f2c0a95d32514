import type { CompiledPolicy, TablePlan, Value } from '../anonymizers/index.ts';

/** What the first pass reads of a table: columns with real values to watch, and those that say whom prose can name. */
export type ObservedColumns = {
  /** Indexes into the plan's columns, ascending. Empty where nothing is read. */
  readonly columns: readonly number[];
  /** Takes whom a row names; `field` gives the value of the n-th of `columns`. Absent where nobody asks for it. */
  readonly identify?: (field: (position: number) => Value) => void;
};

/** @param known where some rule looks for names in prose: without one, nothing is read for it */
export function observedColumns({ leaks, identities }: TablePlan, known: CompiledPolicy['known']): ObservedColumns {
  const watched = leaks.flatMap((facts, index) => (facts?.observe ? [index] : []));
  if (!known || !identities) return { columns: watched };
  const columns = [...new Set([...watched, ...identities.columns])].sort((a, b) => a - b);
  const row: Value[] = leaks.map(() => null);
  const positions = identities.columns.map((index) => [index, columns.indexOf(index)] as const);
  return {
    columns,
    identify(field) {
      for (const [index, position] of positions) row[index] = field(position);
      identities.observe(row, known);
    },
  };
}
