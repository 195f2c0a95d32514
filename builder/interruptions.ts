import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError, type Interruption } from '../core/index.ts';

/** Before a source that was lost is asked for again: a restart or a failover takes its time. */
const returnPausesMs = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 30_000];
/** Before everything is started again; how many there are is how often. */
const restartPausesMs = [500, 2_000, 10_000];

export type InterruptionLog = { add(interruption: Omit<Interruption, 'at'>): void };

export function isLost(error: unknown): error is DynDataError {
  return error instanceof DynDataError && error.code === 'SOURCE_LOST';
}

/** Asks again as long as the source cannot be reached, for a bounded time. Anything else ends it. */
export async function untilReached<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const pauseMs = returnPausesMs[attempt];
      const isAway = isLost(error) || (error instanceof DynDataError && error.code === 'SOURCE_UNREACHABLE');
      if (!isAway || pauseMs === undefined || signal.aborted) throw error;
      await sleep(pauseMs, undefined, { signal });
    }
  }
}

/**
 * Does the whole work again where a source was lost in the middle of it: the other sources' points in time would be of another moment.
 * What is stored by then stays, and is found again.
 */
export async function startingAgain<T>(
  work: (restarts: number) => Promise<T>,
  { log, signal }: { readonly log: InterruptionLog; readonly signal: AbortSignal },
): Promise<T> {
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await work(restarts);
    } catch (error) {
      if (!isLost(error) || signal.aborted) throw error;
      const pauseMs = restartPausesMs[restarts];
      if (pauseMs === undefined)
        throw new DynDataError('SOURCE_LOST', `${error.message} The build was started again ${restarts} times, and is given up.`);
      log.add({ reason: error.message, mended: 'started-again' });
      await sleep(pauseMs, undefined, { signal });
    }
  }
}
