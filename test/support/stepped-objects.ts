import type { ObjectStore } from '../../core/index.ts';

/** Numbers from 0 to below 1 that come again with the seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One who works on the store, one operation at a time as the schedule lets him. */
export type SteppedActor = {
  readonly objects: ObjectStore;
  /** For waits that are no operations. */
  readonly pause: () => Promise<void>;
  /** None of his operations takes effect from now on, as of a killed process. */
  kill(): void;
};

export type Schedule = {
  actor(): SteppedActor;
  /** Lets one waiting operation after another take effect, in an order that the seed decides, until `work` has ended or nobody waits any more. */
  run(work: readonly Promise<unknown>[], options: { readonly onStep: (step: number) => void }): Promise<void>;
};

/** Interleaves those who work on one store at every storage operation. */
export function createSchedule(objects: ObjectStore, random: () => number): Schedule {
  type Waiting = { readonly actor: { isKilled: boolean }; readonly go: () => void };
  const waiting: Waiting[] = [];
  return {
    actor() {
      const state = { isKilled: false };
      const turn = (): Promise<void> => new Promise((go) => waiting.push({ actor: state, go }));
      return {
        pause: turn,
        kill() {
          state.isKilled = true;
        },
        objects: {
          async stat(key, signal) {
            await turn();
            return objects.stat(key, signal);
          },
          async read(key, options) {
            await turn();
            return objects.read(key, options);
          },
          async *list(prefix, options) {
            await turn();
            yield* objects.list(prefix, options);
          },
          async write(key, bytes, options) {
            await turn();
            return objects.write(key, bytes, options);
          },
          async remove(key, signal) {
            await turn();
            await objects.remove(key, signal);
          },
        },
      };
    },

    async run(work, { onStep }) {
      let left = work.length;
      for (const each of work) {
        const end = (): void => {
          left -= 1;
        };
        each.then(end, end);
      }
      let idle = 0;
      for (let step = 0; left > 0; ) {
        await new Promise((resolve) => setImmediate(resolve));
        for (let at = waiting.length - 1; at >= 0; at -= 1) if (waiting[at]?.actor.isKilled) waiting.splice(at, 1);
        const next = waiting.splice(Math.floor(random() * waiting.length), 1)[0];
        // Whoever waits for nothing of ours was killed, or goes on by himself.
        idle = next ? 0 : idle + 1;
        if (idle > 50) return;
        if (!next) continue;
        step += 1;
        onStep(step);
        next.go();
      }
    },
  };
}
