import type { Uploads } from '../../core/index.ts';
import { manifestKey, placeOf } from '../keys.ts';
import { isRemovedTag } from '../tags.ts';
import { storedUploads } from '../upload-session.ts';
import { listOf, type Run } from './run.ts';
import { keysPerSweep } from './sweep.ts';
import type { SweepLog } from './sweep-log.ts';

/** Removes uploads in which nothing was done since the cutoff. Nothing can rely on a piece of one, so it needs no sweep. */
export async function removeAbandonedUploads(run: Run, uploads: Pick<Uploads, 'removeAbandoned'>): Promise<void> {
  const { objects, isDryRun, cutoff, tally, signal } = run;
  for await (const { objects: states, usedAt } of storedUploads(objects, signal))
    for (const { sizeBytes } of states) tally.add('uploads', usedAt < cutoff ? 'removed' : 'kept', sizeBytes);
  if (!isDryRun) await uploads.removeAbandoned(cutoff, signal);
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

/**
 * Removes what is left of tags that were removed long ago. Whoever makes one of them anew at the same moment learns of it by the log of sweeps
 * (guarded-catalog.ts). Some bytes for each, so they are not counted.
 */
export async function removeRemovedTags(run: Run, log: SweepLog): Promise<void> {
  const { objects, isDryRun, cutoff, signal } = run;
  if (isDryRun) return;
  const keys: string[] = [];
  for await (const { key, modifiedAt } of listOf(run, 'tags'))
    if (modifiedAt < cutoff && (await isRemovedTag(objects, key, signal))) keys.push(key);
  for (let at = 0; at < keys.length; at += keysPerSweep) {
    const lot = keys.slice(at, at + keysPerSweep);
    const { requireTime, close } = await log.open(lot, signal);
    for (const key of lot) {
      if (!(await isRemovedTag(objects, key))) continue;
      requireTime();
      await objects.remove(key);
    }
    await close();
  }
}
