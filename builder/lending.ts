/** A thing lent for the time of an `await using`. */
export type Lent<T> = AsyncDisposable & { readonly item: T };

/** Lends each item to one borrower at a time. Who finds none waits; whoever asked first has the next one. */
export function createLending<T>(items: readonly T[]): () => Promise<Lent<T>> {
  const idle = [...items];
  const waiting: ((item: T) => void)[] = [];
  return async () => {
    const item = idle.length > 0 ? (idle.pop() as T) : await new Promise<T>((resolve) => waiting.push(resolve));
    return {
      item,
      [Symbol.asyncDispose]: async () => {
        const next = waiting.shift();
        if (next) next(item);
        else idle.push(item);
      },
    };
  };
}
