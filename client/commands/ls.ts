import type { SnapshotView } from '../../core/contract.ts';
import type { Context } from '../context.ts';
import { formatAge, formatBytes, formatCount, formatTable, shortDigest } from '../format.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject } from '../project.ts';

/** `dyn-data ls`: the repository's snapshots, the newest first. */
export async function ls(context: Context): Promise<void> {
  const { config } = await openProject(context);
  const api = openRegistry(context, config.registry);
  const snapshots: SnapshotView[] = [];
  for await (const snapshot of api.snapshots(config.repository)) snapshots.push(snapshot);
  snapshots.sort((a, b) => Date.parse(b.provenance.takenAt) - Date.parse(a.provenance.takenAt));
  const now = context.now();
  const rows = snapshots.map((snapshot) => [
    snapshot.tags.join(', ') || '-',
    shortDigest(snapshot.digest),
    formatAge(new Date(snapshot.provenance.takenAt), now),
    formatBytes(snapshot.sizeBytes),
    formatCount(snapshot.rows),
    snapshot.sources.map(({ name }) => name).join(', '),
  ]);
  const text =
    rows.length === 0
      ? `The repository ${config.repository} has no snapshots yet. Take one with: dyn-data snapshot create ENVIRONMENT --tag TAG`
      : formatTable(['TAG', 'DIGEST', 'AGE', 'SIZE', 'ROWS', 'SOURCES'], rows);
  context.output.result(text, { version: 1, repository: config.repository, snapshots });
}
