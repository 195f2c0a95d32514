import type { Value } from '../anonymizers/index.ts';

/** The rows of a sample, as real as they came. Batches that nothing of is taken of are left out. */
export async function* chosenRows(
  batches: AsyncIterable<readonly Value[][]>,
  takes: (row: readonly Value[]) => boolean,
): AsyncGenerator<readonly Value[][]> {
  for await (const batch of batches) {
    const chosen = batch.filter(takes);
    if (chosen.length > 0) yield chosen;
  }
}
