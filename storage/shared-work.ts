import { throwIfCancelled, untilCancelled } from './cancellation.ts';

type Running = { readonly done: Promise<void>; readonly ending: AbortController; waiting: number };

/**
 * Runs one piece of work for all who want the same at the same time. It is cancelled when nobody waits for it any more.
 * @throws what the work throws, to each of them; CANCELLED to the one whose `signal` fires.
 */
type SharedWork = (key: string, work: (signal: AbortSignal) => Promise<void>, signal?: AbortSignal) => Promise<void>;

export function createSharedWork(): SharedWork {
  const all = new Map<string, Running>();
  const start = (key: string, work: (signal: AbortSignal) => Promise<void>): Running => {
    const ending = new AbortController();
    const running: Running = { done: work(ending.signal), ending, waiting: 0 };
    all.set(key, running);
    // Its failure is told to those who wait, and to nobody where none does.
    running.done.catch(() => undefined).finally(() => forget(key, running));
    return running;
  };
  const forget = (key: string, running: Running): void => {
    if (all.get(key) === running) all.delete(key);
  };
  return async (key, work, signal) => {
    throwIfCancelled(signal);
    const running = all.get(key) ?? start(key, work);
    running.waiting += 1;
    try {
      await untilCancelled(running.done, signal);
    } finally {
      running.waiting -= 1;
      if (running.waiting === 0) {
        forget(key, running);
        running.ending.abort();
      }
    }
  };
}
