import { formatTable } from './format.ts';

export type TableColumn = {
  readonly header: string;
  /** The column with the highest number is left out first where lines are too long. Without a number it always stays. */
  readonly dispensable?: number;
};

/**
 * A table whose lines fit the width: first columns are left out, then the first column's cells are cut. Without a width, in a pipe, everything
 * is there.
 */
export function fitTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[], width: number | undefined): string {
  let shown = columns.map((column, index) => ({ ...column, index }));
  const lines = (): string =>
    formatTable(
      shown.map(({ header }) => header),
      rows.map((row) => shown.map(({ index }) => row[index] ?? '')),
    );
  if (width === undefined) return lines();
  const excess = (text: string): number => Math.max(...text.split('\n').map((line) => line.length)) - width;
  while (excess(lines()) > 0 && shown.some(({ dispensable }) => dispensable !== undefined)) {
    const highest = Math.max(...shown.map(({ dispensable }) => dispensable ?? -1));
    shown = shown.filter(({ dispensable }) => dispensable !== highest);
  }
  const tooLong = excess(lines());
  if (tooLong <= 0) return lines();
  const widest = Math.max(...rows.map(([first = '']) => first.length));
  const room = Math.max(8, widest - tooLong);
  return formatTable(
    shown.map(({ header }) => header),
    rows.map((row) => shown.map(({ index }) => (index === 0 ? shortened(row[0] ?? '', room) : (row[index] ?? '')))),
  );
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
