import type { Digest } from '../../core/digest.ts';
import { DynDataError } from '../../core/errors.ts';
import type { ManifestSource } from '../../core/manifest.ts';
import type { ImageReader } from '../image-reader.ts';
import { isOf, type Marker, readMarker, writeMarker } from '../marker.ts';
import type { ServiceContainer } from '../service-container.ts';
import type { BeginStep } from '../steps.ts';
import { type DataService, type Resumption, tableLabel } from './data-service.ts';
import type { Loaded } from './loaded.ts';

export type Restored = {
  /** `already`: this very snapshot was there and nothing was loaded. */
  readonly outcome: 'restored' | 'already';
  readonly tables: number;
  /** Rows as verified; for `already`, as verified when they were restored. */
  readonly rows: number;
};

export type RestoreReason = 'new' | 'interrupted' | 'other-snapshot' | 'replace';

export type RestoreRequest = {
  readonly container: ServiceContainer;
  readonly data: DataService;
  readonly source: ManifestSource;
  readonly reader: ImageReader;
  readonly digest: Digest;
  /** Whether source and reader are those of an empty restore. */
  readonly empty: boolean;
  /** As it was asked for, kept in the marker for people. */
  readonly reference: string;
  /** Restore from scratch, whatever is there. */
  readonly replace: boolean;
  readonly readyTimeoutMs: number;
  readonly beginStep: BeginStep;
  /** Called once, before the first change, only where something is to be restored. */
  readonly onBegin: (why: RestoreReason) => Promise<void>;
  /** Called when the rows were counted and are right, before the service counts as restored. */
  readonly onVerified: () => Promise<void>;
  readonly onLoaded: (chunk: Loaded) => void;
  readonly onResume: Resumption['onResume'];
};

/**
 * Brings one healthy service to hold exactly the source's data, verified. The marker in the service's data directory says `restoring`
 * before the first change and `restored` only after the last row is counted, so whatever kills this process, the next one knows.
 * @throws DynDataError TARGET_NOT_EMPTY, RESTORE_FAILED, DIGEST_MISMATCH, VERIFY_FAILED
 */
export async function restoreService(request: RestoreRequest): Promise<Restored> {
  const { container, data, source, reader, digest, empty, reference } = request;
  await data.waitReady(request.readyTimeoutMs);
  const directory = await data.dataDirectory();
  const found = await readMarker(container, directory);
  const tables = source.tables.length;
  const isSame = found !== undefined && isOf(found, { digest, empty });

  if (isSame && found.state === 'restored' && !request.replace) {
    await requireTables(container, data);
    return { outcome: 'already', tables, rows: Object.values(found.counts).reduce((sum, rows) => sum + rows, 0) };
  }
  if (!found && !request.replace) await requireEmpty(container, data);
  await request.onBegin(reasonOf(found, request));

  // An interrupted run has changed them already: then its marker knows what they were. One of an older dyn-data knows fewer.
  const settings = { ...(await data.settings()), ...(found?.state === 'restoring' ? found.settings : {}) };
  const marker: Marker = { version: 1, state: 'restoring', digest, ...(empty ? { empty } : {}), reference, settings, counts: {} };
  await writeMarker(container, directory, marker);
  try {
    const resumes = isSame && found.state === 'restoring' && !request.replace;
    await data.restore(reader, request.onLoaded, resumes ? { onResume: request.onResume } : undefined);
  } catch (error) {
    // What failed matters more than that the server may be gone now; its marker keeps the settings for the next run.
    await data.putBack(settings).catch(() => undefined);
    throw error;
  }
  request.beginStep('count');
  await data.putBack(settings);
  const counts = await verifyCounts(container, data, source);
  await request.onVerified();
  const changes = await data.changes();
  await writeMarker(container, directory, { ...marker, state: 'restored', settings: {}, ...(changes ? { changes } : {}), counts });
  return { outcome: 'restored', tables, rows: Object.values(counts).reduce((sum, rows) => sum + rows, 0) };
}

function reasonOf(found: Marker | undefined, request: RestoreRequest): RestoreReason {
  if (found?.state === 'restoring') return 'interrupted';
  if (request.replace) return 'replace';
  return found ? 'other-snapshot' : 'new';
}

/** Counts may have changed since by use, so only the tables themselves are looked for. */
async function requireTables(container: ServiceContainer, data: DataService): Promise<void> {
  const missing = await data.missing();
  if (missing.length === 0) return;
  throw new DynDataError(
    'VERIFY_FAILED',
    `The service ${container.service} was restored, but tables of the snapshot are no longer there. Run \`dyn-data up --replace\` to restore it from scratch; what was changed in it since is then lost.`,
    { details: missing.map((name) => `missing: ${name}`) },
  );
}

async function requireEmpty(container: ServiceContainer, data: DataService): Promise<void> {
  const occupied = await data.occupied();
  if (occupied.length === 0) return;
  throw new DynDataError(
    'TARGET_NOT_EMPTY',
    `The service ${container.service} holds data that dyn-data did not put there. Nothing of it was changed. To lose it and take the snapshot's, run \`dyn-data up --replace\`; to keep it, save it first or use another compose project.`,
    { details: occupied },
  );
}

/** @throws DynDataError VERIFY_FAILED naming each table with other rows than the snapshot has */
export async function verifyCounts(
  container: ServiceContainer,
  data: Pick<DataService, 'counts' | 'concluded'>,
  source: ManifestSource,
): Promise<Record<string, number>> {
  const found = await data.counts();
  await data.concluded?.();
  const counts: Record<string, number> = {};
  const wrong: string[] = [];
  source.tables.forEach((table, index) => {
    const rows = found[index];
    if (rows === table.rows) counts[tableLabel(table)] = rows;
    else wrong.push(`${tableLabel(table)}: ${table.rows} in the snapshot, ${rows ?? 'none'} restored`);
  });
  if (wrong.length === 0) return counts;
  throw new DynDataError(
    'VERIFY_FAILED',
    container.isRemote
      ? `After the restore ${container.place} does not hold the rows that the snapshot has. See whether somebody else writes into it, then run the command again with --replace; if it comes back, report it with the lines below.`
      : `The service ${container.service} does not hold the rows that the snapshot has. It is not taken for restored, and nothing that depends on it was started. Run \`dyn-data up\` again; if it comes back, report it with the lines below.`,
    { details: wrong },
  );
}
