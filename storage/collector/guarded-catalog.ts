import { type Catalog, type ContentDigest, DynDataError, isDigest, isInForce, type Pin, type Pins } from '../../core/index.ts';
import { manifestKey } from '../keys.ts';
import type { SweepLog } from './sweep-log.ts';

export type GuardedCatalogPorts = {
  readonly catalog: Catalog;
  readonly pins: Pick<Pins, 'list' | 'remove'>;
  readonly log: SweepLog;
  readonly clock: () => Date;
};

/**
 * A catalog whose tags never come to name a snapshot that is being removed at the same moment. A tag is moved first and the log of sweeps is
 * looked at then: either who removes the snapshot sees the tag, or we see the removal (sweep-log.ts), wait for its end, and take
 * the tag back where the snapshot is gone. For the same reason a manifest is removed from it only after that was told in the log, and not
 * at all while it is pinned.
 */
export function createGuardedCatalog({ catalog, pins, log, clock }: GuardedCatalogPorts): Catalog {
  const pinsOf = async (repository: string, digest: ContentDigest, signal?: AbortSignal): Promise<Pin[]> => {
    const found: Pin[] = [];
    if (!isDigest(digest)) return found;
    for await (const pin of pins.list(repository, { digest, ...(signal && { signal }) })) found.push(pin);
    return found;
  };
  const guarded: Catalog = {
    ...catalog,
    async removeManifest(repository, digest, signal) {
      const sweep = await log.open([manifestKey(repository, digest)], signal);
      const found = await pinsOf(repository, digest, signal);
      const inForce = found.filter((pin) => isInForce(pin, clock()));
      if (inForce.length > 0) {
        await sweep.close(signal);
        throw pinned(digest, inForce);
      }
      const wasThere = await catalog.removeManifest(repository, digest, signal);
      for (const pin of found) await pins.remove(repository, pin.digest, pin.id, signal);
      await sweep.close(signal);
      return wasThere;
    },

    async moveTag(repository, tag, digest, options = {}) {
      const { signal } = options;
      const before = await log.position(signal);
      const earlier = await catalog.tag(repository, tag, signal);
      const moved = await catalog.moveTag(repository, tag, digest, options);
      if (await log.isUnchangedSince(before, signal)) return moved;
      await log.settled(signal);
      if (await catalog.manifest(repository, digest, signal)) {
        if (await catalog.tag(repository, tag, signal)) return moved;
        // The collector took it for what was left of an earlier removal. Where somebody makes it meanwhile, that is after us.
        const anew = { ...options, expected: 'absent' as const };
        return guarded.moveTag(repository, tag, digest, anew).catch((error: unknown) => {
          if (isConflict(error)) return moved;
          throw error;
        });
      }
      await takeBack(catalog, repository, moved, earlier?.digest);
      throw new DynDataError('SNAPSHOT_UNKNOWN', `The snapshot ${digest} of "${repository}" was just removed, so "${tag}" cannot name it.`);
    },
  };
  return guarded;
}

/** Where somebody has moved the tag on meanwhile it is his, and right. */
async function takeBack(
  catalog: Catalog,
  repository: string,
  { tag, etag }: { readonly tag: string; readonly etag: string },
  earlier: Parameters<Catalog['moveTag']>[2] | undefined,
): Promise<void> {
  const ifOurs = { expected: { etag } };
  const isRestored = earlier !== undefined && (await catalog.moveTag(repository, tag, earlier, ifOurs).then(() => true, isConflict));
  if (isRestored) return;
  await catalog.removeTag(repository, tag, ifOurs).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
  });
}

function isConflict(error: unknown): boolean {
  return error instanceof DynDataError && error.code === 'CONFLICT';
}

function pinned(digest: ContentDigest, pins: readonly Pin[]): DynDataError {
  const details = pins.map(({ id, by, why, until }) => `pin ${id} by ${by}${until === undefined ? '' : ` until ${until}`}: ${why}`);
  return new DynDataError('SNAPSHOT_HELD', `${digest} is pinned (${details.join('; ')}). Take the pins away first, or leave it.`, {
    details,
  });
}
