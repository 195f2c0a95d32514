import type { Collect, Collected, ObjectStore, Uploads } from '../../core/index.ts';
import { removeUnneededCaches } from './caches.ts';
import { createCandidateWriter, readCandidates } from './candidates.ts';
import { removeAbandonedUploads, removeLostReferrers, removeRemovedTags } from './leftovers.ts';
import { look } from './look.ts';
import { findReachable } from './reachable.ts';
import { type Run, sweptKinds } from './run.ts';
import { sweep } from './sweep.ts';
import { type SweepLog, storeTime } from './sweep-log.ts';
import { createTally } from './tally.ts';
import { reachYoung } from './young.ts';

export type CollectorOptions = {
  readonly objects: ObjectStore;
  readonly log: SweepLog;
  readonly uploads: Pick<Uploads, 'removeAbandoned'>;
  /** Longer than any build or push takes: what is younger is never removed, nor what was unreached for a shorter time. */
  readonly graceMs: number;
  readonly newId: () => string;
};

/**
 * Mark and sweep over the object store, beside any number of builds, pushes and other collectors, and without a lock among them.
 *
 * 1. mark: what manifests reach (reachable.ts), and what young links and young layers do.
 * 2. look: what of the rest is older than the grace becomes a candidate. What is a candidate of a list that is older than the grace too, and is
 *    unreached and old again, is removed. So nothing goes that was written, or reached when a run looked, within the last grace; and
 *    what writers find and rely on they write again where it is a candidate (writer-storage.ts).
 * 3. sweep: links, layers, blobs, some hundred at a time, each lot after it was told in the log of sweeps and the manifests were looked at
 *    again (sweep-log.ts says why that is safe whatever the times are).
 *
 * The grace decides how often a writer is disturbed: never, where it is longer than builds last. The log decides that nothing is lost.
 *
 * A link goes before what it names and a layer before the blobs that it is made of; one that has to wait lets them wait, so that whoever
 * finds it finds them too. What only remembers where something is (recipes, the chunk index) goes before all of these. Killed at
 * any point, what is gone was unreached, and the next run finds the rest. Memory: 46 to 92 bytes for each digest that is reached, is
 * stored without being reached, or is a candidate; 300 MB are enough for a million blobs of each of the three.
 */
export function createCollector({ objects, log, uploads, graceMs, newId }: CollectorOptions): Collect {
  return async ({ dryRun }, { onProgress, signal }) => {
    const now = await storeTime(objects, signal);
    const listed = await readCandidates(objects, signal);
    // An empty list holds up nothing.
    const earlier = listed && listed.count > 0 ? listed : undefined;
    const isRipe = earlier !== undefined && now.getTime() - earlier.since.getTime() >= graceMs;
    const run: Run = {
      objects,
      isDryRun: dryRun,
      cutoff: new Date(now.getTime() - graceMs),
      reachable: await findReachable(objects, signal),
      ripe: isRipe ? earlier : undefined,
      tally: createTally(),
      signal,
    };
    const report = (step: Collected['step'], since?: Date): Collected => ({
      step,
      manifests: run.reachable.manifests,
      ...run.tally.counts(),
      ...(since ? { removableAt: new Date(since.getTime() + graceMs).toISOString() } : {}),
    });
    onProgress(report('mark'));
    await reachYoung(run);

    onProgress(report('look'));
    // A list that is too young for removing stays in force: a new one would begin its grace again.
    const next = dryRun || (earlier && !isRipe) ? undefined : createCandidateWriter(objects, newId());
    const { unreached, waiting } = await look(run, next);
    await removeUnneededCaches(run, unreached);

    onProgress(report('sweep'));
    let held = 0;
    for (const kind of sweptKinds) held += await sweep(run, kind, { log, next, onProgress: () => onProgress(report('sweep')) });
    await removeLostReferrers(run);
    await removeRemovedTags(run, log);
    await removeAbandonedUploads(run, uploads);
    await next?.finish(signal);
    const since = next ? await storeTime(objects, signal) : earlier && !isRipe ? earlier.since : undefined;
    return report('sweep', waiting + held > 0 ? since : undefined);
  };
}
