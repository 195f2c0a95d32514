import type { ObjectState } from '../../core/index.ts';
import { mapAhead } from '../read-ahead.ts';
import { fateOf, isReached, listOf, type Run, type SweptKind } from './run.ts';
import type { SweepLog } from './sweep-log.ts';
import { reachYoung } from './young.ts';

/** Few enough that a sweep is over within seconds: a writer that it concerns waits for it. */
const keysPerSweep = 500;
const removalsAtOnce = 8;

/** Removes what is unreached, old and ripe of one kind. What is found reached or written anew at the last moment stays. */
export async function sweep(run: Run, log: SweepLog, kind: SweptKind, onProgress: () => void): Promise<void> {
  if (!run.ripe) return;
  let lot: ObjectState[] = [];
  for await (const state of listOf(run, kind)) {
    if (fateOf(run, kind, state) !== 'removed') continue;
    if (run.isDryRun) run.tally.add(kind, 'removed', state.sizeBytes);
    else lot.push(state);
    if (lot.length < keysPerSweep) continue;
    await removeLot(run, log, kind, lot);
    onProgress();
    lot = [];
  }
  if (lot.length > 0) await removeLot(run, log, kind, lot);
}

/**
 * A failure leaves the sweep open: a removal that was asked for may still take effect, and until that is out of the question nobody may
 * take these keys for safe.
 */
async function removeLot(run: Run, log: SweepLog, kind: SweptKind, lot: readonly ObjectState[]): Promise<void> {
  const { objects, reachable, tally, cutoff, signal } = run;
  const { requireTime, close } = await log.open(
    lot.map(({ key }) => key),
    signal,
  );
  // From here on a manifest or a layer that we do not see is one whose writer sees our sweep.
  await reachable.update(signal);
  await reachYoung(run);
  const removeOne = async ({ key, sizeBytes }: ObjectState): Promise<void> => {
    if (isReached(run, kind, key)) return tally.add(kind, 'kept', sizeBytes);
    const state = await objects.stat(key, signal);
    if (!state) return;
    if (state.modifiedAt >= cutoff) return tally.add(kind, 'kept', sizeBytes);
    requireTime();
    await objects.remove(key, signal);
    tally.add(kind, 'removed', sizeBytes);
  };
  for await (const removed of mapAhead(lot, removalsAtOnce, removeOne)) void removed;
  await close(signal);
}
