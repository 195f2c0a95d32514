import { DynDataError } from '../core/index.ts';

/** A thing lent for the time of an `await using`. */
export type Lent<T> = AsyncDisposable & { readonly item: T };

/** Lends each item to one borrower at a time. Borrowers are as many as there are items at most, so nobody waits. */
export function createLending<T>(items: readonly T[]): () => Lent<T> {
  const idle = [...items];
  return () => {
    const item = idle.pop();
    if (item === undefined) throw new DynDataError('INTERNAL', 'More tables are being read than the source has connections.');
    return {
      item,
      [Symbol.asyncDispose]: async () => {
        idle.push(item);
      },
    };
  };
}
