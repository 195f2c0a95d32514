/**
 * `work` on each item, results in the items' order, with at most `limit` started and not yet taken. Ends at the first failure; what was
 * started ahead by then is left to end alone, so `work` should heed a signal that the caller fires.
 */
export async function* mapAhead<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const started: Promise<R>[] = [];
  for await (const item of items) {
    const result = work(item);
    // Reported when its turn comes; until then it must not count as unhandled.
    result.catch(() => undefined);
    started.push(result);
    const first = started.length >= limit ? started.shift() : undefined;
    if (first) yield await first;
  }
  for (const result of started) yield await result;
}
