import { type Digest, isDigest, type ObjectState } from '../../core/index.ts';
import { digestOfKey, placeOf } from '../keys.ts';
import { mapAhead } from '../read-ahead.ts';
import { createDigestSet, type DigestSet } from './digest-set.ts';
import { namedDigests } from './named-digests.ts';
import { createReach, recordsAhead } from './reachable.ts';
import { fateOf, isReached, listOf, type Run } from './run.ts';

/**
 * Young links and layers belong to somebody who is still at work: what they name stays with them. So does what a reached link names, which is
 * another digest than its own where that is by SHA-512. May be called again, for those that have come since.
 */
export async function reachYoung(run: Run): Promise<void> {
  const { cutoff, reachable, signal } = run;
  const isRoot = (kind: 'links' | 'layers', state: ObjectState): boolean =>
    state.modifiedAt >= cutoff || (kind === 'links' && isReached(run, kind, state.key));
  await reachable.reach(await namedBy(run, isRoot, reachable.digests), signal);
}

/**
 * What links and layers name that are unreached and have to wait, with its pieces: as long as they are there, somebody may find them and
 * rely on what they name.
 */
export async function heldByWaiting(run: Run): Promise<DigestSet> {
  const held = createDigestSet();
  const isRoot = (kind: 'links' | 'layers', state: ObjectState): boolean => fateOf(run, kind, state) === 'waiting';
  await createReach(run.objects, held)(await namedBy(run, isRoot, held), run.signal);
  return held;
}

/** The digests of links and layers of some kind, without those that are known already. A layer's own digest leads to its pieces. */
async function namedBy(
  run: Run,
  isRoot: (kind: 'links' | 'layers', state: ObjectState) => boolean,
  known: Pick<DigestSet, 'has'>,
): Promise<Digest[]> {
  const { objects, signal } = run;
  const roots: Digest[] = [];
  const bySha512: string[] = [];
  for await (const state of listOf(run, 'links')) {
    if (!isRoot('links', state)) continue;
    const { name } = placeOf(state.key);
    if (!isDigest(name)) bySha512.push(state.key);
    else if (!known.has(name)) roots.push(name);
  }
  for await (const named of mapAhead(bySha512, recordsAhead, (key) => namedDigests(objects, key, signal))) {
    for (const digest of named ?? []) if (isDigest(digest)) roots.push(digest);
  }
  for await (const state of listOf(run, 'layers')) {
    const digest = digestOfKey(state.key);
    if (isRoot('layers', state) && !known.has(digest)) roots.push(digest);
  }
  return roots;
}
