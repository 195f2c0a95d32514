import { DynDataError } from './errors.ts';
import type { Manifest } from './manifest.ts';

/**
 * What `up --empty` restores of a snapshot: all of its structure, and of its rows and entries only the chunks marked `reference`.
 * @throws DynDataError SNAPSHOT_TOO_OLD for a snapshot that does not mark them
 */
export function emptyManifest(manifest: Manifest): Manifest {
  if (manifest.schemaVersion < 3) {
    throw new DynDataError(
      'SNAPSHOT_TOO_OLD',
      `The snapshot has format ${manifest.schemaVersion}, which does not tell the rows that an empty environment needs. Take a newer one: dyn-data snapshot create ${manifest.environment}`,
    );
  }
  const sources = manifest.sources.map((source) => ({
    ...source,
    tables: source.tables.map((table) => {
      const chunks = table.chunks.filter(({ reference }) => reference === true);
      const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
      const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.sizeBytes, 0);
      return { ...table, chunks, rows, sizeBytes };
    }),
  }));
  return { ...manifest, sources };
}
