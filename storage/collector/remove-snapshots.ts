import {
  type Catalog,
  type Digest,
  isDigest,
  isInForce,
  type ObjectStore,
  type Pin,
  type Pins,
  type SnapshotHolds,
} from '../../core/index.ts';
import { manifestKey, prefixes } from '../keys.ts';
import { indexesBySnapshot } from './snapshot-indexes.ts';
import type { SweepLog } from './sweep-log.ts';

export type SnapshotRemoval = {
  readonly digest: Digest;
  /** Where it is given, only the snapshot that was taken then goes: one of the same data, taken again, stays. */
  readonly takenAt?: string;
  /** Tags and pins that may go with it; any other holds it. */
  readonly tags: readonly string[];
  readonly pins: readonly string[];
};

export type SnapshotRemovalOutcome = { readonly digest: Digest } & (
  | { readonly fate: 'removed' | 'gone' }
  | { readonly fate: 'held'; readonly holds: SnapshotHolds }
);

export type RemovalPorts = {
  readonly objects: ObjectStore;
  readonly catalog: Catalog;
  readonly pins: Pins;
  readonly log: SweepLog;
  readonly clock: () => Date;
};

/**
 * Removes snapshots: their tags, records and manifests, never a blob. What holds one is looked for after the removal was told in the log of
 * sweeps, so a tag, a pin or a build that comes at the same moment either holds it or learns that it is gone (sweep-log.ts).
 */
export async function removeSnapshots(
  ports: RemovalPorts,
  repository: string,
  removals: readonly SnapshotRemoval[],
  signal?: AbortSignal,
): Promise<SnapshotRemovalOutcome[]> {
  if (removals.length === 0) return [];
  const { objects, catalog, pins, log, clock } = ports;
  const keys = removals.map(({ digest }) => manifestKey(repository, digest));
  const sweep = await log.open(keys, signal);
  const tags: { readonly tag: string; readonly digest: string }[] = [];
  for await (const tag of catalog.tags(repository, signal && { signal })) tags.push(tag);
  const pinned: Pin[] = [];
  for await (const pin of pins.list(repository, signal && { signal })) pinned.push(pin);
  const indexes = await indexesBySnapshot(objects, repository, signal);

  const outcomes: SnapshotRemovalOutcome[] = [];
  for (const removal of removals) {
    const { digest } = removal;
    const record = await catalog.snapshot(repository, digest, signal);
    const pinsOf = pinned.filter((pin) => pin.digest === digest);
    const holds = {
      tags: tags.filter(({ tag, digest: named }) => named === digest && !removal.tags.includes(tag)).map(({ tag }) => tag),
      pins: pinsOf.filter((pin) => isInForce(pin, clock()) && !removal.pins.includes(pin.id)),
      indexes: indexes.get(digest) ?? [],
      isTakenAgain: removal.takenAt !== undefined && record !== undefined && record.provenance.takenAt !== removal.takenAt,
    };
    if (isHeld(holds)) {
      outcomes.push({ digest, fate: 'held', holds });
      continue;
    }
    sweep.requireTime();
    const wasThere = await catalog.removeManifest(repository, digest, signal);
    await removeReferrers(ports, repository, digest, tags, signal);
    for (const { id } of pinsOf) await pins.remove(repository, digest, id, signal);
    outcomes.push({ digest, fate: wasThere ? 'removed' : 'gone' });
  }
  await sweep.close(signal);
  return outcomes;
}

function isHeld({ tags, pins, indexes, isTakenAgain }: SnapshotHolds): boolean {
  return tags.length > 0 || pins.length > 0 || indexes.length > 0 || isTakenAgain;
}

/** A signature of what is gone signs nothing: manifests that name it as their subject go with it, unless they have a name of their own. */
async function removeReferrers(
  { objects, catalog }: RemovalPorts,
  repository: string,
  subject: Digest,
  tags: readonly { readonly tag: string; readonly digest: string }[],
  signal?: AbortSignal,
): Promise<void> {
  const prefix = `${prefixes.referrers}${repository}/@/${subject}/`;
  const referrers: string[] = [];
  for await (const { key } of objects.list(prefix, signal && { signal })) referrers.push(key.slice(prefix.length));
  for (const referrer of referrers) {
    // The tags that tools give a referrer where a registry cannot list referrers say whose it is, and nothing else.
    const isNamed = tags.some(({ tag, digest }) => digest === referrer && !tag.startsWith(subject.replace(':', '-')));
    if (!isNamed && isDigest(referrer)) await catalog.removeManifest(repository, referrer, signal);
  }
}
