/** A map that forgets its oldest key rather than grow beyond `maxKeys`: what clients can fill must have a bound. */
function remember<T>(map: Map<string, T>, key: string, value: T, maxKeys: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > maxKeys && !oldest.done) map.delete(oldest.value);
}

/** Milliseconds of any clock. */
type NowMs = () => number;

export type FailureLimit = {
  /** How long this key has to wait; 0 where it may try. */
  waitMs(key: string): number;
  add(key: string): void;
};

/** Lets a key fail so often within a window, which begins with its first failure. */
export function createFailureLimit(options: {
  readonly failures: number;
  readonly windowMs: number;
  readonly maxKeys: number;
  readonly nowMs: NowMs;
}): FailureLimit {
  const counts = new Map<string, { count: number; readonly endMs: number }>();
  const current = (key: string) => {
    const found = counts.get(key);
    return found && found.endMs > options.nowMs() ? found : undefined;
  };
  return {
    waitMs(key) {
      const found = current(key);
      return found && found.count >= options.failures ? found.endMs - options.nowMs() : 0;
    },
    add(key) {
      const found = current(key);
      if (found) found.count += 1;
      else remember(counts, key, { count: 1, endMs: options.nowMs() + options.windowMs }, options.maxKeys);
    },
  };
}

export type RequestRate = {
  /** Takes one request; 0 where there was one to take, else how long until there is. */
  takeMs(key: string): number;
};

/** So many requests a second for each key, twice as many at once after a pause. */
export function createRequestRate(options: { readonly perSecond: number; readonly maxKeys: number; readonly nowMs: NowMs }): RequestRate {
  const most = options.perSecond * 2;
  const buckets = new Map<string, { left: number; atMs: number }>();
  return {
    takeMs(key) {
      const nowMs = options.nowMs();
      const found = buckets.get(key);
      if (!found) {
        remember(buckets, key, { left: most - 1, atMs: nowMs }, options.maxKeys);
        return 0;
      }
      found.left = Math.min(most, found.left + ((nowMs - found.atMs) / 1000) * options.perSecond);
      found.atMs = nowMs;
      if (found.left < 1) return ((1 - found.left) / options.perSecond) * 1000;
      found.left -= 1;
      return 0;
    },
  };
}

/** Keys seen within a time, the latest `maxKeys` of them. */
export function createRecentKeys(options: { readonly forMs: number; readonly maxKeys: number; readonly nowMs: NowMs }) {
  const seen = new Map<string, number>();
  return {
    has: (key: string): boolean => (seen.get(key) ?? Number.NEGATIVE_INFINITY) > options.nowMs() - options.forMs,
    add: (key: string): void => remember(seen, key, options.nowMs(), options.maxKeys),
    forget: (key: string): void => void seen.delete(key),
  };
}
