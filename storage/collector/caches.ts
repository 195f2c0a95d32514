import { isDigest, type ObjectInfo } from '../../core/index.ts';
import { mapAhead } from '../read-ahead.ts';
import type { DigestSet } from './digest-set.ts';
import { namedDigests } from './named-digests.ts';
import { recordsAhead } from './reachable.ts';
import { listOf, type Run } from './run.ts';

/**
 * Removes entries of the chunk index and recipes whose blob or layer is not there, or is about to go. They only save work, so one too many
 * costs a builder the time to make it again, and they need no sweep and no age. They go first: what is found by them must be there.
 */
export async function removeUnneededCaches(run: Run, unreached: DigestSet): Promise<void> {
  const { objects, isDryRun, reachable, tally, signal } = run;
  for (const kind of ['chunks', 'recipes'] as const) {
    const read = async ({ key, sizeBytes }: ObjectInfo) => ({ key, sizeBytes, named: await namedDigests(objects, key, signal) });
    for await (const { key, sizeBytes, named } of mapAhead(listOf(run, kind), recordsAhead, read)) {
      const isNeeded = !named || [...named].some((digest) => isDigest(digest) && (reachable.digests.has(digest) || unreached.has(digest)));
      tally.add(kind, isNeeded ? 'kept' : 'removed', sizeBytes);
      if (!isNeeded && !isDryRun) await objects.remove(key, signal);
    }
  }
}
