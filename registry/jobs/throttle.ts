/** Passes on at most one value per interval: the first at once, of those that follow too soon the latest, at the interval's end or at `flush`. */
export function throttled<T>(intervalMs: number, publish: (value: T) => void) {
  let waiting: { value: T } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (!waiting) return;
    const { value } = waiting;
    waiting = undefined;
    lastAt = performance.now();
    publish(value);
  };
  return {
    push(value: T): void {
      waiting = { value };
      const restMs = lastAt + intervalMs - performance.now();
      if (restMs <= 0) flush();
      else timer ??= setTimeout(flush, restMs);
    },
    flush,
    stop: (): void => clearTimeout(timer),
  };
}
