import { DynDataError, type ManifestSource } from '../core/index.ts';

/** @throws DynDataError SOURCE_INCONSISTENT naming every source that was not read at one point in time, and every table that cannot be. */
export function requireConsistent(sources: readonly Pick<ManifestSource, 'name' | 'consistency'>[]): void {
  const details = sources.flatMap(({ name, consistency: { consistent, notCovered } }) => [
    ...(consistent ? [] : [`${name}: changed each time it was read, or keeps nothing (contextCSN) that shows it did not`]),
    ...notCovered.map((table) => `${name}: ${table} is of an engine without snapshots`),
  ]);
  if (details.length === 0) return;
  throw new DynDataError(
    'SOURCE_INCONSISTENT',
    'The environment is strict, and not everything can be read at one point in time. Nothing of this build is visible. Choose a quieter time or a replica, move the tables to InnoDB, or take "strict" out of the environment.',
    { details },
  );
}
