import type { DirectoryEntry, Value } from '../anonymizers/index.ts';

/**
 * Some records of one table, or of a directory, unmasked: for looking at in memory, never for a log, a disk or an answer that is kept.
 * Values have the form in which an anonymizer gets them, but long ones are cut: see `sampledChars` and `sampledBytes`.
 */
export type Sample =
  | { readonly kind: 'table'; readonly schema: string; readonly name: string; readonly rows: readonly (readonly Value[])[] }
  | { readonly kind: 'directory'; readonly entries: readonly DirectoryEntry[] };

/** Text is cut after so many characters; a longer JSON document, which would be none any more, is taken as NULL. */
export const sampledChars = 16_384;
/** Binary values are cut after so many bytes. */
export const sampledBytes = 4_096;

/**
 * Both ends of a table, since old and new rows differ: `rows` from the beginning of its key and as many from the end.
 * @param key indexes of the key's columns; empty where there is none and so no end.
 */
export async function bothEnds(
  key: readonly number[],
  rows: number,
  read: (direction: 'ASC' | 'DESC') => Promise<Value[][]>,
): Promise<Value[][]> {
  const first = await read('ASC');
  if (first.length < rows || key.length === 0) return first;
  const keyOf = (row: readonly Value[]): string => key.map((index) => Buffer.from(row[index] ?? []).toString('hex')).join();
  const seen = new Set(first.map(keyOf));
  return [...first, ...(await read('DESC')).filter((row) => !seen.has(keyOf(row)))];
}
