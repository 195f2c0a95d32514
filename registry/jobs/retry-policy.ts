export type RetryPolicy = {
  /** How often a job is tried at most, the first time included. */
  readonly attempts: number;
  /** How long to wait after the given number of failures (from 1). */
  delayMs(failures: number): number;
};

const longestDelayMs = 10 * 60_000;

/** Pauses that double from the first to ten minutes, each shortened by up to a half at random, so that jobs that failed together do not come back together. */
export function createRetryPolicy(options: {
  readonly attempts: number;
  readonly firstDelayMs: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}): RetryPolicy {
  const { attempts, firstDelayMs, random } = options;
  return {
    attempts,
    delayMs: (failures) => Math.round(Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs) * (1 - random() / 2)),
  };
}
