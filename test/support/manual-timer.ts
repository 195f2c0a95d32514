import type { Timer } from '../../registry/schedules/alarm.ts';

/** A clock that stands still until it is moved, and rings on its way what is due. */
export type ManualTimer = Timer & {
  /** Rings what is due up to then, one after the other, each followed by `after`. */
  moveTo(time: Date, after: () => Promise<unknown>): Promise<void>;
  /** As a machine that slept: the time is another one, and what was due in between rings late. */
  jumpTo(time: Date): void;
};

export function createManualTimer(start: Date): ManualTimer {
  let now = start;
  const waiting = new Set<{ readonly time: Date; readonly ring: () => void }>();
  return {
    now: () => now,
    at(time, ring) {
      const entry = { time, ring };
      waiting.add(entry);
      return () => waiting.delete(entry);
    },
    async moveTo(time, after) {
      for (;;) {
        const [next] = [...waiting].filter((entry) => entry.time <= time).sort((a, b) => a.time.getTime() - b.time.getTime());
        if (!next) break;
        waiting.delete(next);
        if (next.time > now) now = next.time;
        next.ring();
        await after();
      }
      now = time;
    },
    jumpTo(time) {
      now = time;
    },
  };
}
