import { DynDataError } from '../core/index.ts';

/**
 * Results in the order of the items. The first failure stops the taking of new items, fires the signal that the running ones were given, and
 * is thrown when they have ended.
 */
export async function inParallel<T, U>(
  items: readonly T[],
  limit: number,
  work: (item: T, signal: AbortSignal) => Promise<U>,
  signal: AbortSignal,
): Promise<U[]> {
  const results: U[] = new Array(items.length);
  const failing = new AbortController();
  const shared = AbortSignal.any([signal, failing.signal]);
  let next = 0;
  let failed: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      if (signal.aborted) throw new DynDataError('CANCELLED', 'The build was cancelled.');
      const index = next;
      next += 1;
      try {
        results[index] = await work(items[index] as T, shared);
      } catch (error) {
        failed ??= { error };
        failing.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failed) throw failed.error;
  return results;
}
