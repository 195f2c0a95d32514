import { type Catalog, DynDataError } from '../../core/index.ts';
import type { SweepLog } from './sweep-log.ts';

/**
 * A catalog whose tags never come to name a snapshot that is being removed at the same moment. A tag is moved first and the log of sweeps is
 * looked at then: either who removes the snapshot sees the tag, or we see the removal (sweep-log.ts), wait for its end, and take
 * the tag back where the snapshot is gone.
 */
export function createGuardedCatalog(catalog: Catalog, log: SweepLog): Catalog {
  return {
    ...catalog,
    async moveTag(repository, tag, digest, options = {}) {
      const { signal } = options;
      const before = await log.position(signal);
      const earlier = await catalog.tag(repository, tag, signal);
      const moved = await catalog.moveTag(repository, tag, digest, options);
      if (await log.isUnchangedSince(before, signal)) return moved;
      await log.settled(signal);
      if (await catalog.manifest(repository, digest, signal)) return moved;
      await takeBack(catalog, repository, moved, earlier?.digest);
      throw new DynDataError('SNAPSHOT_UNKNOWN', `The snapshot ${digest} of "${repository}" was just removed, so "${tag}" cannot name it.`);
    },
  };
}

/** Where somebody has moved the tag on meanwhile it is his, and right. */
async function takeBack(
  catalog: Catalog,
  repository: string,
  { tag, etag }: { readonly tag: string; readonly etag: string },
  earlier: Parameters<Catalog['moveTag']>[2] | undefined,
): Promise<void> {
  const ifOurs = { expected: { etag } };
  const isRestored =
    earlier !== undefined &&
    (await catalog.moveTag(repository, tag, earlier, ifOurs).then(
      () => true,
      (error: unknown) => error instanceof DynDataError && error.code === 'CONFLICT',
    ));
  if (isRestored) return;
  const now = await catalog.tag(repository, tag);
  if (now?.etag === etag) await catalog.removeTag(repository, tag);
}
