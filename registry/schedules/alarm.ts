import type { ScheduleRecord } from '../../core/index.ts';
import { nextSlots } from './slots.ts';

/** Wakes the scheduler at the slots of its schedules. It may ring late, twice or on another replica: what is due is found from the records. */
export type Alarm = {
  set(schedule: ScheduleRecord): Promise<void>;
  clear(name: string): Promise<void>;
  /** Clears all but these. */
  keepOnly(names: ReadonlySet<string>): Promise<void>;
  close(): Promise<void>;
};
export type OpenAlarm = (ring: (name: string) => Promise<void>) => Alarm;

export type Timer = {
  now(): Date;
  /** Calls `ring` once at `time`, or soon where it is past; the result cancels it. */
  at(time: Date, ring: () => void): () => void;
};

/** A machine's clock may be set, and it may sleep: a long wait is made of short ones. */
const longestWaitMs = 30_000;

export const systemTimer: Timer = {
  now: () => new Date(),
  at(time, ring) {
    let timeout: NodeJS.Timeout;
    const wait = (): void => {
      const restMs = time.getTime() - Date.now();
      if (restMs <= 0) ring();
      else timeout = setTimeout(wait, Math.min(restMs, longestWaitMs));
    };
    timeout = setTimeout(wait, 0);
    return () => clearTimeout(timeout);
  },
};

/** Of this process alone, for a registry without Redis. */
export function createTimerAlarm(timer: Timer): OpenAlarm {
  return (ring) => {
    const waits = new Map<string, () => void>();
    const stop = (name: string): void => {
      waits.get(name)?.();
      waits.delete(name);
    };
    const arm = (schedule: ScheduleRecord): void => {
      stop(schedule.name);
      const [slot] = nextSlots(schedule, timer.now(), 1);
      if (!slot) return;
      waits.set(
        schedule.name,
        timer.at(slot, () => {
          void ring(schedule.name);
          arm(schedule);
        }),
      );
    };
    return {
      set: async (schedule) => arm(schedule),
      clear: async (name) => stop(name),
      async keepOnly(names) {
        for (const name of [...waits.keys()]) if (!names.has(name)) stop(name);
      },
      async close() {
        for (const name of [...waits.keys()]) stop(name);
      },
    };
  };
}
