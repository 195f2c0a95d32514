import type { SnapshotView } from '../../core/contract.ts';
import { DynDataError } from '../../core/errors.ts';
import { type Manifest, type ManifestLeakScan, type ManifestSource, manifestTotals } from '../../core/manifest.ts';
import type { Pin } from '../../core/pins.ts';
import type { Context } from '../context.ts';
import { fitTable } from '../fitted-table.ts';
import { formatAge, formatBytes, formatCount, formatDuration, formatFacts } from '../format.ts';
import { readLockfile } from '../lockfile.ts';
import { openRegistry } from '../open-registry.ts';
import { createOperatorsApi } from '../operators-api.ts';
import { openProject } from '../project.ts';
import { tableLabel } from '../restore/data-service.ts';
import { resolveReference } from '../snapshot-choice.ts';
import { filesOf } from '../snapshot-diff.ts';
import { readSnapshotManifest } from '../snapshot-manifest.ts';
import { pinLine, pinsOf } from './snapshot.ts';

/** `dyn-data show REF`: everything that there is to know of a snapshot, out of its manifest and the registry's record; no data is transferred. */
export async function show(context: Context, text: string): Promise<void> {
  const project = await openProject(context);
  const api = openRegistry(context, project.config.registry);
  const operators = createOperatorsApi(api);
  const { repository, digest, reference } = await resolveReference(project, api, text);
  const { manifest, manifestDigest, image } = await readSnapshotManifest(api, repository, digest);
  // An image that was pushed has no record of how it was made.
  const record = await operators.snapshot(repository, digest).catch((error: unknown) => {
    if (error instanceof DynDataError && error.code === 'SNAPSHOT_UNKNOWN') return undefined;
    throw error;
  });
  const pins = await pinsOf(operators.pins(repository), digest);
  const lock = await readLockfile(project);
  const locked = lock?.repository === repository && lock.digest === digest;
  const sizeBytes = image.layers.reduce((sum, { size }) => sum + size, image.config.size);
  const { tool, environment, policy, key, leakScan } = manifest;
  const value = {
    version: 1,
    reference,
    repository,
    digest,
    manifestDigest,
    tags: record?.tags ?? [],
    pins,
    locked,
    environment,
    sizeBytes,
    layers: image.layers.length,
    rows: manifestTotals(manifest).rows,
    tool,
    policy,
    key,
    leakScan: leakScan ?? null,
    provenance: record?.provenance ?? null,
    sources: manifest.sources.map(sourceValue),
  };
  const shown = { repository, digest, manifest, record, pins, locked, sizeBytes, layers: image.layers.length };
  context.output.result(describe(shown, context), value);
}

function sourceValue(source: ManifestSource) {
  const { name, kind, server, consistency, databases, tables } = source;
  const rows = tables.map(({ schema, name: table, rows: count, sizeBytes, columns, chunks }) => ({
    schema,
    name: table,
    rows: count,
    sizeBytes,
    storedBytes: chunks.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    chunks: chunks.length,
    ...(columns === undefined ? {} : { columns }),
  }));
  return {
    name,
    kind,
    server,
    consistency,
    databases: databases.map((database) => database.name),
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
    sizeBytes: tables.reduce((sum, table) => sum + table.sizeBytes, 0),
    files: filesOf(source),
    tables: rows,
  };
}

type Shown = {
  readonly repository: string;
  readonly digest: string;
  readonly manifest: Manifest;
  readonly record: SnapshotView | undefined;
  readonly pins: readonly Pin[];
  readonly locked: boolean;
  readonly sizeBytes: number;
  readonly layers: number;
};

function describe(shown: Shown, { output, now }: Context): string {
  const { manifest, record, pins, locked } = shown;
  const { tool, policy, leakScan } = manifest;
  const totals = manifestTotals(manifest);
  const facts: readonly (readonly [string, string])[] = [
    ['repository', shown.repository],
    ['digest', shown.digest],
    ['tags', record?.tags.join(', ') || '-'],
    ['environment', manifest.environment],
    ...takenFacts(record, now()),
    ['size', `${formatBytes(shown.sizeBytes)} in ${shown.layers} layers; ${formatBytes(totals.sizeBytes)} unpacked`],
    ['rows', `${formatCount(totals.rows)} in ${formatCount(totals.tables)} tables, ${formatCount(totals.chunks)} chunks`],
    ['policy', policy.digest],
    ...(policy.exemptions ?? []).map(({ place, rule, reason }) => ['exemption', `${place}: ${rule} (${reason})`] as const),
    ['key id', manifest.key.id],
    ['leak scan', leakText(leakScan)],
    ...(leakScan?.exemptions ?? []).map(
      ({ place, rule, reason, count }) => ['allowed', `${place}: ${rule}, ${formatCount(count)} times (${reason})`] as const,
    ),
    ['made by', `${tool.name} ${tool.version}, format ${manifest.schemaVersion}`],
    ...(locked ? [['pinned', 'by dyn-data.lock of this project'] as const] : []),
    ...pins.map((pin) => ['pin', pinLine(pin)] as const),
  ];
  return [formatFacts(facts), ...manifest.sources.flatMap((source) => ['', sourceText(source, record, output.columns)])].join('\n');
}

function takenFacts(record: SnapshotView | undefined, now: Date): (readonly [string, string])[] {
  if (!record) return [['taken', 'not known: the image was pushed, not made by this registry']];
  const { takenAt, durationMs, skewMs, interruptions = [] } = record.provenance;
  const age = formatAge(new Date(takenAt), now);
  return [
    ['taken', `${takenAt} (${age} ago), in ${formatDuration(durationMs)}; sources ${formatDuration(skewMs)} apart`],
    ...interruptions.map(({ at, reason, mended }) => ['interrupted', `${at}: ${reason} (${mended})`] as const),
  ];
}

function leakText(scan: ManifestLeakScan | undefined): string {
  if (!scan) return 'none: made before there was one';
  const values = Object.values(scan.watched).reduce((sum, count) => sum + count, 0);
  return `${formatBytes(scan.scannedBytes)} searched for ${formatCount(values)} real values: nothing found`;
}

const columns = [
  { header: 'TABLE' },
  { header: 'ROWS' },
  { header: 'SIZE' },
  { header: 'STORED', dispensable: 1 },
  { header: 'CHUNKS', dispensable: 2 },
];

function sourceText(source: ManifestSource, record: SnapshotView | undefined, width: number | undefined): string {
  const { name, kind, server, consistency, tables } = source;
  const point = record?.provenance.sources.find((one) => one.name === name);
  const pointText = point
    ? `, at ${point.pointAt}${point.lockedMs > 0 ? `, writers held back for ${formatDuration(point.lockedMs)}` : ''}`
    : '';
  const lines = [
    `${name}: ${kind}, ${server.product} ${server.version}`,
    `  ${consistency.consistent ? 'one point in time' : 'NOT one point in time: it changed while it was read'} (${consistency.method})${pointText}`,
    ...(point && point.position !== '' ? [`  position ${point.position.replaceAll('\n', ' ')}`] : []),
    ...consistency.notCovered.map((table) => `  not covered: ${table}`),
  ];
  const rows = tables.map((table) => [
    tableLabel(table),
    formatCount(table.rows),
    formatBytes(table.sizeBytes),
    formatBytes(table.chunks.reduce((sum, { storedBytes }) => sum + storedBytes, 0)),
    formatCount(table.chunks.length),
  ]);
  const table = rows.length === 0 ? 'no tables' : fitTable(columns, rows, width === undefined ? undefined : width - 2);
  return [...lines, ...table.split('\n').map((line) => `  ${line}`)].join('\n');
}
