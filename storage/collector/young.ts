import { type Digest, isDigest } from '../../core/index.ts';
import { mapAhead } from '../read-ahead.ts';
import { digestOfKey, placeOf } from './keys.ts';
import { namedDigests } from './named-digests.ts';
import { recordsAhead } from './reachable.ts';
import { isReached, listOf, type Run } from './run.ts';

/**
 * Young links and layers belong to somebody who is still at work: what they name stays with them. So does what a reached link names, which is
 * another digest than its own where that is by SHA-512. May be called again, for those that have come since.
 */
export async function reachYoung(run: Run): Promise<void> {
  const { objects, cutoff, reachable, signal } = run;
  const roots: Digest[] = [];
  const bySha512: string[] = [];
  for await (const { key, modifiedAt } of listOf(run, 'links')) {
    if (modifiedAt < cutoff && !isReached(run, 'links', key)) continue;
    const { name } = placeOf(key);
    if (!isDigest(name)) bySha512.push(key);
    else if (!reachable.digests.has(name)) roots.push(name);
  }
  for await (const named of mapAhead(bySha512, recordsAhead, (key) => namedDigests(objects, key, signal))) {
    for (const digest of named ?? []) if (isDigest(digest)) roots.push(digest);
  }
  for await (const { key, modifiedAt } of listOf(run, 'layers')) {
    const digest = digestOfKey(key);
    if (modifiedAt >= cutoff && !reachable.digests.has(digest)) roots.push(digest);
  }
  await reachable.reach(roots, signal);
}
