import { DynDataError, type ObjectStore } from '../../core/index.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { type CollectedStore, openCollectedStore } from './collected-store.ts';
import { createSchedule, type Schedule, type SteppedActor, seededRandom } from './stepped-objects.ts';

export const minuteMs = 60_000;
export const graceMs = 60 * minuteMs;
/** No operation of these tests waits for so long: what the log assumes. */
export const takeoverMs = 10_000 * graceMs;

/** One store in memory, a clock, and several who work on the store, all of it as a seed says. */
export type Play = {
  readonly memory: ObjectStore;
  readonly schedule: Schedule;
  /** The store as one of the actors sees it. */
  open(actor: SteppedActor): CollectedStore;
  /** The store as one sees it who is not interleaved with anybody. */
  readonly outside: CollectedStore;
  nowMs(): number;
  clock(): Date;
  pass(durationMs: number): void;
  random(): number;
  /** Undefined of nothing. */
  pick<T>(items: readonly T[]): T;
  newId(): string;
  /** True where the work was refused because of what somebody else did. */
  isRefused(work: () => Promise<void>): Promise<boolean>;
};

export function createPlay(seed: number): Play {
  const random = seededRandom(seed);
  let nowMs = Date.UTC(2024, 4, 1);
  const clock = (): Date => new Date(nowMs);
  const memory = createMemoryObjects({ clock });
  let ids = 0;
  const newId = (): string => `id${seed}-${++ids}`;
  return {
    memory,
    schedule: createSchedule(memory, random),
    open: (actor) => openCollectedStore(actor.objects, { clock, graceMs, newId, takeoverMs, wait: () => actor.pause() }),
    outside: openCollectedStore(memory, { clock, graceMs, newId, takeoverMs }),
    nowMs: () => nowMs,
    clock,
    pass(durationMs) {
      nowMs += durationMs;
    },
    random,
    pick: <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T,
    newId,
    async isRefused(work) {
      try {
        await work();
        return false;
      } catch (error) {
        if (error instanceof DynDataError && ['CONFLICT', 'SNAPSHOT_UNKNOWN', 'BLOB_UNKNOWN'].includes(error.code)) return true;
        throw error;
      }
    },
  };
}
