import { type Catalog, type Digest, isInForce, type ObjectStore, type Pin, type Pins } from '../../core/index.ts';
import { manifestKey } from './keys.ts';
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

/** What holds a snapshot back. */
export type SnapshotHolds = {
  readonly tags: readonly string[];
  readonly pins: readonly Pin[];
  readonly indexes: readonly Digest[];
  readonly isTakenAgain: boolean;
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
    const holds: SnapshotHolds = {
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
    for (const { id } of pinsOf) await pins.remove(repository, digest, id, signal);
    outcomes.push({ digest, fate: wasThere ? 'removed' : 'gone' });
  }
  await sweep.close(signal);
  return outcomes;
}

function isHeld({ tags, pins, indexes, isTakenAgain }: SnapshotHolds): boolean {
  return tags.length > 0 || pins.length > 0 || indexes.length > 0 || isTakenAgain;
}
