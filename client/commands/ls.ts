import type { SnapshotView } from '../../core/contract.ts';
import { isInForce } from '../../core/pins.ts';
import type { Context } from '../context.ts';
import { fitTable } from '../fitted-table.ts';
import { formatAge, formatBytes, formatCount, shortDigest } from '../format.ts';
import { readLockfile } from '../lockfile.ts';
import { openRegistry } from '../open-registry.ts';
import { createOperatorsApi } from '../operators-api.ts';
import { openProject } from '../project.ts';

/** A snapshot of the list. */
type Listed = SnapshotView & {
  /** How many pins in force hold it back from removal in the registry. */
  readonly pins: number;
  /** Whether this project's dyn-data.lock names it. */
  readonly locked: boolean;
};

const columns = [
  { header: 'TAG' },
  { header: 'DIGEST', dispensable: 3 },
  { header: 'AGE' },
  { header: 'SIZE', dispensable: 1 },
  { header: 'ROWS', dispensable: 2 },
  { header: 'SOURCES', dispensable: 4 },
  { header: 'CONSISTENT', dispensable: 6 },
  { header: 'PINNED', dispensable: 5 },
];

/** `dyn-data ls`: the repository's snapshots, the newest first. */
export async function ls(context: Context): Promise<void> {
  const project = await openProject(context);
  const { repository } = project.config;
  const api = openRegistry(context, project.config.registry);
  const lock = await readLockfile(project);
  const now = context.now();
  const views: SnapshotView[] = [];
  for await (const snapshot of api.snapshots(repository)) views.push(snapshot);
  const pins = new Map<string, number>();
  if (views.length > 0) {
    for await (const pin of createOperatorsApi(api).pins(repository))
      if (isInForce(pin, now)) pins.set(pin.digest, (pins.get(pin.digest) ?? 0) + 1);
  }
  const snapshots = views
    .map((view): Listed => {
      const locked = lock?.repository === repository && lock.digest === view.digest;
      return { ...view, pins: pins.get(view.digest) ?? 0, locked };
    })
    .sort((a, b) => Date.parse(b.provenance.takenAt) - Date.parse(a.provenance.takenAt));
  const rows = snapshots.map((snapshot) => [
    snapshot.tags.join(', ') || '-',
    shortDigest(snapshot.digest),
    formatAge(new Date(snapshot.provenance.takenAt), now),
    formatBytes(snapshot.sizeBytes),
    formatCount(snapshot.rows),
    snapshot.sources.map(({ name }) => name).join(', '),
    consistencyOf(snapshot),
    pinnedBy(snapshot),
  ]);
  const text =
    rows.length === 0
      ? `The repository ${repository} has no snapshots yet. Take one with: dyn-data snapshot create ENVIRONMENT --tag TAG`
      : fitTable(columns, rows, context.output.columns);
  context.output.result(text, { version: 1, repository, snapshots });
}

function consistencyOf({ sources }: SnapshotView): string {
  const not = sources.filter(({ consistent }) => !consistent).map(({ name }) => name);
  return not.length === 0 ? 'yes' : `not ${not.join(', ')}`;
}

function pinnedBy({ pins, locked }: Listed): string {
  const said = [...(locked ? ['lock'] : []), ...(pins === 0 ? [] : [pins === 1 ? '1 pin' : `${pins} pins`])];
  return said.join(', ') || '-';
}
