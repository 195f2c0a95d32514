import type { Cell } from '../bulk-text.ts';

/** The rows of one table and how LOAD DATA is to read them. */
export interface TableData {
  readonly table: string;
  /** Columns and user variables, in the order of a row's cells. */
  readonly columns: readonly string[];
  /** The SET clause for what is not plain text (hex to bytes, number to bits), or null. */
  readonly set: string | null;
  readonly rowCount: number;
  /** Makes the rows anew each time. */
  rows(): Iterable<readonly Cell[]>;
}
