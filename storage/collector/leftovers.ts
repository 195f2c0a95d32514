import type { ObjectState } from '../../core/index.ts';
import { manifestKey, placeOf } from './keys.ts';
import { listOf, type Run } from './run.ts';

/**
 * Removes uploads that nobody wrote to since the cutoff. The session goes first, so that nobody goes on with an upload whose pieces are
 * going; nothing else can rely on a piece, so it needs no sweep.
 */
export async function removeAbandonedUploads(run: Run): Promise<void> {
  const { objects, isDryRun, cutoff, tally, signal } = run;
  for await (const states of uploadsOf(run)) {
    const isAbandoned = states.every(({ modifiedAt }) => modifiedAt < cutoff);
    for (const { sizeBytes } of states) tally.add('uploads', isAbandoned ? 'removed' : 'kept', sizeBytes);
    if (!isAbandoned || isDryRun) continue;
    const isSession = ({ key }: ObjectState): boolean => key.endsWith('/session');
    for (const { key } of [...states.filter(isSession), ...states.filter((state) => !isSession(state))]) await objects.remove(key, signal);
  }
}

async function* uploadsOf(run: Run): AsyncGenerator<ObjectState[]> {
  let states: ObjectState[] = [];
  const idOf = (state: ObjectState | undefined): string | undefined => state?.key.split('/')[1];
  for await (const state of listOf(run, 'uploads')) {
    if (states.length > 0 && idOf(states[0]) !== idOf(state)) {
      yield states;
      states = [];
    }
    states.push(state);
  }
  if (states.length > 0) yield states;
}

/** Removes old places in lists of referrers whose manifest is gone: a removal that was cut leaves them. */
export async function removeLostReferrers(run: Run): Promise<void> {
  const { objects, isDryRun, cutoff, reachable, tally, signal } = run;
  for await (const { key, sizeBytes, modifiedAt } of listOf(run, 'referrers')) {
    const { repository, name } = placeOf(key);
    const manifest = name.slice(name.indexOf('/') + 1);
    const isLost =
      modifiedAt < cutoff &&
      !reachable.hasManifest(repository, manifest) &&
      !(await objects.stat(manifestKey(repository, manifest), signal));
    tally.add('referrers', isLost ? 'removed' : 'kept', sizeBytes);
    if (isLost && !isDryRun) await objects.remove(key, signal);
  }
}
