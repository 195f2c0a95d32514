import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { isPassing } from './s3-errors.ts';

type RetryStrategy = Extract<NonNullable<S3ClientConfig['retryStrategy']>, { acquireInitialRetryToken: unknown }>;
type RetryToken = Awaited<ReturnType<RetryStrategy['acquireInitialRetryToken']>>;

const firstDelayMs = 100;
const longestDelayMs = 5_000;
/** How far a store's own word of when to come back (`Retry-After`) is followed. */
const longestHintMs = 30_000;

/**
 * A pause before try number `retry + 1`: anything from nothing up to a bound that doubles ("full jitter"), so that many clients that failed
 * together do not come back together.
 */
export function jitteredDelayMs(retry: number, random: () => number): number {
  return random() * Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(retry, 16));
}

export type RetryOptions = {
  /** How long after its first failure a request is still tried again. */
  readonly forMs: number;
  readonly random: () => number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
};

/**
 * Tries a request again as long as its failure may pass and its time is not spent. The client library's own strategy stops after a few
 * tries, and all requests of a client share a supply of retries: a store that fails often, or is away for a minute, uses both up although
 * waiting would do. The pauses end at once when the request's signal fires.
 */
export function createRetryStrategy({ forMs, random, now }: RetryOptions): RetryStrategy {
  const deadlines = new WeakMap<RetryToken, number>();
  const tokenOf = (retries: number, delayMs: number): RetryToken => ({ getRetryCount: () => retries, getRetryDelay: () => delayMs });
  return {
    acquireInitialRetryToken: async () => tokenOf(0, 0),
    async refreshRetryTokenForRetry(token, { error, retryAfterHint }) {
      const deadline = deadlines.get(token) ?? now() + forMs;
      // The library then throws what the request failed with.
      if (!isPassing(error) || now() >= deadline) throw new Error('not tried again');
      const retries = token.getRetryCount();
      const hintMs = retryAfterHint ? Math.min(retryAfterHint.getTime() - Date.now(), longestHintMs) : 0;
      const next = tokenOf(retries + 1, Math.max(jitteredDelayMs(retries, random), hintMs));
      deadlines.set(next, deadline);
      return next;
    },
    recordSuccess() {},
  };
}
