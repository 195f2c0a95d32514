import type { Digest } from '../core/digest.ts';
import { emptyManifest } from '../core/empty-manifest.ts';
import { DynDataError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Held } from './held-snapshot.ts';
import { tableLabel } from './restore/data-service.ts';
import { createDataService } from './restore/kinds.ts';

export type RestoredVerification = {
  readonly service: string;
  readonly source: string;
  /** `same`: it holds the snapshot, and each table has as many rows as there. */
  readonly state: 'same' | 'changed' | 'other-snapshot' | 'restoring' | 'none' | 'not-running';
  readonly tables: number;
  /** One line for each table with another number of rows. */
  readonly differences: readonly string[];
};

const readyTimeoutMs = 30_000;

/** Counts what a service holds and compares it with the snapshot. Use since the restore changes counts too. */
export async function verifyRestored(found: Held, digest: Digest, manifest: Manifest): Promise<RestoredVerification> {
  const { service, container, marker } = found;
  const base = { service: service.name, source: service.source ?? '', tables: 0, differences: [] };
  if (!marker || found.state !== 'restored') return { ...base, state: found.state === 'restored' ? 'none' : found.state };
  const held = marker.empty ? emptyManifest(manifest) : manifest;
  const source = held.sources.find(({ name }) => name === service.source);
  if (marker.digest !== digest || !source) return { ...base, state: 'other-snapshot' };
  const refuse = (): Promise<never> => Promise.reject(new DynDataError('INTERNAL', 'Counting rows must not restart a service.'));
  const restart = { stop: refuse, start: refuse };
  const data = createDataService({ container, source, labels: service.labels, restart, oneOff: refuse, beginStep: () => undefined });
  await data.waitReady(readyTimeoutMs);
  const missing = new Set(await data.missing());
  if (missing.size > 0) {
    return { ...base, state: 'changed', tables: source.tables.length, differences: [...missing].map((name) => `${name}: is not there`) };
  }
  const counts = await data.counts();
  const differences = source.tables.flatMap((table, index) =>
    counts[index] === table.rows ? [] : [`${tableLabel(table)}: ${table.rows} rows in the snapshot, ${counts[index] ?? 'none'} here`],
  );
  return { ...base, state: differences.length === 0 ? 'same' : 'changed', tables: source.tables.length, differences };
}
