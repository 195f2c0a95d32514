/** Like Promise.all, but a failure aborts the others and is thrown only when all have ended, so that no work outlives the build. */
export async function allOrAbort<T>(signal: AbortSignal, start: (shared: AbortSignal) => Promise<T>[]): Promise<T[]> {
  const controller = new AbortController();
  let first: { readonly error: unknown } | undefined;
  const work = start(AbortSignal.any([signal, controller.signal])).map((promise) =>
    promise.catch((error: unknown) => {
      first ??= { error };
      controller.abort();
      throw error;
    }),
  );
  const results = await Promise.allSettled(work);
  if (first) throw first.error;
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}
