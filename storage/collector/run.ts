import type { ObjectState, ObjectStore } from '../../core/index.ts';
import { digestOfKey, placeOf, prefixes } from '../keys.ts';
import type { Candidates } from './candidates.ts';
import type { Reachable } from './reachable.ts';
import type { Tally } from './tally.ts';

/** What must be told in the log of sweeps before it goes, in the order of going. */
export const sweptKinds = ['links', 'layers', 'blobs'] as const;
export type SweptKind = (typeof sweptKinds)[number];

/** What one run of the collector knows and heeds. */
export type Run = {
  readonly objects: ObjectStore;
  readonly isDryRun: boolean;
  /** What was written since then is not judged. */
  readonly cutoff: Date;
  readonly reachable: Reachable;
  /** What may be removed now; undefined where no list is old enough. */
  readonly ripe: Candidates | undefined;
  readonly tally: Tally;
  readonly signal: AbortSignal | undefined;
};

export function isReached({ reachable }: Run, kind: SweptKind, key: string): boolean {
  if (kind !== 'links') return reachable.digests.has(digestOfKey(key));
  const { repository, name } = placeOf(key);
  return reachable.isNamedIn(repository, name);
}

export type Fate = 'reached' | 'young' | 'waiting' | 'removed';

export function fateOf(run: Run, kind: SweptKind, { key, modifiedAt }: ObjectState): Fate {
  if (isReached(run, kind, key)) return 'reached';
  if (modifiedAt >= run.cutoff) return 'young';
  return run.ripe?.has(key) ? 'removed' : 'waiting';
}

export function listOf({ objects, signal }: Run, kind: keyof typeof prefixes): AsyncIterable<ObjectState> {
  return objects.list(prefixes[kind], signal && { signal });
}
