import type { DynDataError } from '../core/index.ts';

/** Runs `work`; what it throws is thrown as one of our errors. */
export async function translated<T>(translate: (error: unknown) => DynDataError, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translate(error);
  }
}
