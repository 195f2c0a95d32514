/** The rows of a sample, as real as they came. Batches that nothing of is taken of are left out. */
export async function* chosenRows<R>(batches: AsyncIterable<readonly R[]>, takes: (row: R) => boolean): AsyncGenerator<readonly R[]> {
  for await (const batch of batches) {
    const chosen = batch.filter(takes);
    if (chosen.length > 0) yield chosen;
  }
}
