import * as z from 'zod/mini';
import { DynDataError, type ObjectState, type ObjectStore } from '../../core/index.ts';
import { readRecord, writeRecord } from '../json-objects.ts';

const prefix = 'collector/sweeps/';
const sweepSchema = z.strictObject({ version: z.literal(1), state: z.enum(['open', 'done']), keys: z.array(z.string()) });

const sweepKey = (number: number): string => `${prefix}${String(number).padStart(12, '0')}`;

/** Where the log stood: compared with where it stands later, it tells whether anything was removed in between. */
export type SweepPosition = { readonly number: number; readonly isOpen: boolean };

/** What is being removed. */
export type Sweep = {
  /** @throws CONFLICT where it lasts so long that somebody else may take it for abandoned; to be called before each removal. */
  requireTime(): void;
  /** All removals have ended. @throws CONFLICT where somebody took it for abandoned. */
  close(signal?: AbortSignal): Promise<void>;
};

/**
 * What is removed from the store is told here first, in numbered sweeps, one at a time: `collector/sweeps/<number>` is open while the keys
 * in it may be going, and done afterwards. It is what makes removal safe without a lock between those who remove and those who write:
 *
 * - One who removes (R) writes the open sweep, then looks for reasons to keep (manifests; tags and pins), and removes what has none.
 * - One who relies on what was there before him (W) writes his reason to keep, then looks at the log.
 *
 * Both write before they look, and each key of the store is linearizable. So at least one sees the other: if R's look misses the reason,
 * it was written after R's look and so after R's sweep, and W's look, later still, finds that sweep: it is not where the log stood when W
 * began, or was open already then. W then waits until the sweep is done and sees what is left, and has lost nothing but time; or what he
 * needs is gone, and his work fails with CONFLICT before anybody was told that it succeeded. No clock is needed for this.
 *
 * A sweep whose process died stays open. After `takeoverMs` by the store's clock another one may close it; for this alone it is assumed
 * that a removal takes effect within that time or never. One who removes watches the time and stops at half of it.
 */
export type SweepLog = {
  position(signal?: AbortSignal): Promise<SweepPosition>;
  /** Whether nothing was removed since `position`, nor was being removed then. One listing. */
  isUnchangedSince(position: SweepPosition, signal?: AbortSignal): Promise<boolean>;
  /** Resolves once the sweep that is open now, if there is one, is done. @throws CONFLICT where that takes too long. */
  settled(signal?: AbortSignal): Promise<void>;
  /** Waits a while for one that is open to be done. @throws CONFLICT where it stays open. */
  open(keys: readonly string[], signal?: AbortSignal): Promise<Sweep>;
};

export type SweepLogOptions = {
  readonly clock: () => Date;
  readonly wait: (delayMs: number, signal?: AbortSignal) => Promise<void>;
  readonly takeoverMs?: number;
};

export const defaultTakeoverMs = 15 * 60 * 1000;
const pollMs = 250;
/** A sweep removes some hundred objects: it lasts seconds. */
const settledPolls = 480;
const openTries = 80;

export function createSweepLog(objects: ObjectStore, { clock, wait, takeoverMs = defaultTakeoverMs }: SweepLogOptions): SweepLog {
  const latest = async (signal?: AbortSignal): Promise<ObjectState | undefined> => {
    let last: ObjectState | undefined;
    for await (const state of objects.list(prefix, signal && { signal })) last = state;
    return last;
  };
  const numberOf = (state: ObjectState | undefined): number => (state ? Number(state.key.slice(prefix.length)) : 0);
  const isOpen = async (key: string, signal?: AbortSignal): Promise<boolean> => {
    const found = await readRecord(objects, key, sweepSchema, signal);
    return found?.record.state === 'open';
  };

  const position = async (signal?: AbortSignal): Promise<SweepPosition> => {
    const last = await latest(signal);
    return { number: numberOf(last), isOpen: last !== undefined && (await isOpen(last.key, signal)) };
  };

  const closeAbandoned = async (state: ObjectState, signal?: AbortSignal): Promise<void> => {
    const found = await readRecord(objects, state.key, sweepSchema, signal);
    if (found?.record.state !== 'open') return;
    const now = await storeTime(objects, signal);
    if (now.getTime() - state.modifiedAt.getTime() < takeoverMs) throw busy();
    await writeRecord(objects, state.key, { ...found.record, state: 'done' }, { condition: { etag: found.info.etag }, signal });
  };

  const openOnce = async (keys: readonly string[], signal?: AbortSignal): Promise<Sweep> => {
    const last = await latest(signal);
    if (last) await closeAbandoned(last, signal);
    const key = sweepKey(numberOf(last) + 1);
    const startedAt = clock().getTime();
    const record = { version: 1, state: 'open', keys };
    const { etag } = await writeRecord(objects, key, record, { condition: 'absent', signal });
    // Only the latest is ever looked at.
    if (last) await objects.remove(last.key, signal);
    return {
      requireTime() {
        if (clock().getTime() - startedAt > takeoverMs / 2)
          throw new DynDataError('CONFLICT', 'Removing took longer than it may. What is left goes with the next run.');
      },
      async close(closing) {
        await writeRecord(objects, key, { ...record, state: 'done', keys: [] }, { condition: { etag }, signal: closing });
      },
    };
  };

  return {
    position,

    async isUnchangedSince(before, signal) {
      return !before.isOpen && numberOf(await latest(signal)) === before.number;
    },

    async settled(signal) {
      const last = await latest(signal);
      if (!last) return;
      for (let polls = 0; await isOpen(last.key, signal); polls += 1) {
        if (polls === settledPolls) throw busy();
        await wait(pollMs, signal);
      }
    },

    async open(keys, signal) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await openOnce(keys, signal);
        } catch (error) {
          if (!(error instanceof DynDataError && error.code === 'CONFLICT') || tries === openTries) throw error;
          await wait(pollMs, signal);
        }
      }
    },
  };
}

/** What the store's own clock says: ages of objects are compared with it, so that it does not matter whether ours is right. */
export async function storeTime(objects: ObjectStore, signal?: AbortSignal): Promise<Date> {
  const key = 'collector/clock';
  await writeRecord(objects, key, {}, { signal });
  const state = await objects.stat(key, signal);
  if (state) return state.modifiedAt;
  throw new DynDataError('STORAGE_FAILED', 'The storage lost an object that it had just taken. Look at the store, then try again.');
}

function busy(): DynDataError {
  return new DynDataError(
    'CONFLICT',
    'Something else is removing objects from the storage, or was killed while it did. Try again in a few minutes.',
  );
}
