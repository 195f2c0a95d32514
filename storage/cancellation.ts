import { DynDataError } from '../core/index.ts';

/** What an aborted storage operation throws: the reason where it is one of our errors, else CANCELLED. */
export function cancellation(signal: AbortSignal): DynDataError {
  if (signal.reason instanceof DynDataError) return signal.reason;
  return new DynDataError('CANCELLED', 'The storage operation was cancelled.', { cause: signal.reason });
}

export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancellation(signal);
}

/** `work`, or the cancellation as soon as `signal` fires; `work` itself is left to end alone. */
export function untilCancelled<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancellation(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
