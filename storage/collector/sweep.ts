import type { ObjectState } from '../../core/index.ts';
import { throwIfCancelled } from '../cancellation.ts';
import { digestOfKey } from '../keys.ts';
import { mapAhead } from '../read-ahead.ts';
import type { createCandidateWriter } from './candidates.ts';
import { fateOf, isReached, listOf, type Run, type SweptKind } from './run.ts';
import type { SweepLog } from './sweep-log.ts';
import { heldByWaiting, reachYoung } from './young.ts';

/** Few enough that a sweep is over within seconds: a writer that it concerns waits for it. */
export const keysPerSweep = 500;
const removalsAtOnce = 8;

export type Sweeping = {
  readonly log: SweepLog;
  /** Takes what has to wait for what names it. */
  readonly next: ReturnType<typeof createCandidateWriter> | undefined;
  readonly onProgress: () => void;
};

/**
 * Removes what is unreached, old and ripe of one kind. What is found reached or written anew at the last moment stays.
 * @returns how many wait for a link or a layer that names them and has to wait itself
 */
export async function sweep(run: Run, kind: SweptKind, sweeping: Sweeping): Promise<number> {
  if (!run.ripe) return 0;
  let held = 0;
  let lot: ObjectState[] = [];
  const removeLot = async (): Promise<void> => {
    held += run.isDryRun ? await countLot(run, kind, lot) : await removeTold(run, kind, lot, sweeping);
    sweeping.onProgress();
    lot = [];
  };
  for await (const state of listOf(run, kind)) {
    if (fateOf(run, kind, state) !== 'removed') continue;
    lot.push(state);
    if (lot.length >= keysPerSweep) await removeLot();
  }
  if (lot.length > 0) await removeLot();
  return held;
}

async function countLot(run: Run, kind: SweptKind, lot: readonly ObjectState[]): Promise<number> {
  const isHeld = await findHeld(run, kind);
  for (const { key, sizeBytes } of lot) run.tally.add(kind, isHeld(key) ? 'waiting' : 'removed', sizeBytes);
  return lot.filter(({ key }) => isHeld(key)).length;
}

/**
 * Whoever cancels waits for its end, some seconds: an open sweep would keep writers waiting for much longer. A failure leaves it open: a
 * removal that was asked for may still take effect, and until that is out of the question nobody may take these keys for safe.
 */
async function removeTold(cancellable: Run, kind: SweptKind, lot: readonly ObjectState[], { log, next }: Sweeping): Promise<number> {
  throwIfCancelled(cancellable.signal);
  const run: Run = { ...cancellable, signal: undefined };
  const { objects, reachable, tally, cutoff } = run;
  const { requireTime, close } = await log.open(
    lot.map(({ key }) => key),
    cancellable.signal,
  );
  // From here on a manifest, a link or a layer that we do not see is one whose writer sees our sweep.
  await reachable.update();
  await reachYoung(run);
  const isHeld = await findHeld(run, kind);
  const held: string[] = [];
  const removeOne = async ({ key, sizeBytes }: ObjectState): Promise<void> => {
    if (isReached(run, kind, key)) return tally.add(kind, 'kept', sizeBytes);
    if (isHeld(key)) {
      held.push(key);
      return tally.add(kind, 'waiting', sizeBytes);
    }
    const state = await objects.stat(key);
    if (!state) return;
    if (state.modifiedAt >= cutoff) return tally.add(kind, 'kept', sizeBytes);
    requireTime();
    await objects.remove(key);
    tally.add(kind, 'removed', sizeBytes);
  };
  for await (const removed of mapAhead(lot, removalsAtOnce, removeOne)) void removed;
  await close();
  for (const key of held) await next?.add(key, cancellable.signal);
  return held.length;
}

async function findHeld(run: Run, kind: SweptKind): Promise<(key: string) => boolean> {
  if (kind === 'links') return () => false;
  const held = await heldByWaiting(run);
  return (key) => held.has(digestOfKey(key));
}
