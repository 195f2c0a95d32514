/** Rows that are loaded, and the bytes of their canonical encoding. */
export type Loaded = { readonly rows: number; readonly sizeBytes: number };

export function sumOf(parts: readonly Loaded[]): Loaded {
  const sum = { rows: 0, sizeBytes: 0 };
  for (const { rows, sizeBytes } of parts) {
    sum.rows += rows;
    sum.sizeBytes += sizeBytes;
  }
  return sum;
}
