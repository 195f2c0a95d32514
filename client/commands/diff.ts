import type { Context } from '../context.ts';
import { formatBytes, formatCount, formatFacts, shortDigest } from '../format.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject } from '../project.ts';
import { tableLabel } from '../restore/data-service.ts';
import { resolveReference } from '../snapshot-choice.ts';
import { type Change, type ChunkDiff, diffSnapshots, type SnapshotDiff, type SourceDiff, type TableDiff } from '../snapshot-diff.ts';
import { readSnapshotManifest } from '../snapshot-manifest.ts';

/** `dyn-data diff A B`: what changed between two snapshots, from their manifests; no data is transferred. */
export async function diff(context: Context, first: string, second: string): Promise<void> {
  const project = await openProject(context);
  const api = openRegistry(context, project.config.registry);
  const [before, after] = [await resolveReference(project, api, first), await resolveReference(project, api, second)];
  const result = diffSnapshots(
    await readSnapshotManifest(api, before.repository, before.digest),
    await readSnapshotManifest(api, after.repository, after.digest),
  );
  const side = ({ reference, repository, digest }: typeof before) => ({ reference, repository, digest });
  const title = `${before.reference} (${shortDigest(before.digest)}) → ${after.reference} (${shortDigest(after.digest)})`;
  const text = before.digest === after.digest ? `${title}\nThey are the same snapshot.` : `${title}\n${describe(result)}`;
  context.output.result(text, { version: 1, before: side(before), after: side(after), ...result });
}

function describe(diff: SnapshotDiff): string {
  const { policy, key, rows, sizeBytes, chunks, transfer } = diff;
  const exemptions = [...policy.exemptions.added.map((name) => `+ ${name}`), ...policy.exemptions.removed.map((name) => `- ${name}`)];
  const facts: readonly (readonly [string, string])[] = [
    ...changed('environment', diff.environment),
    ...changed('tool', diff.tool),
    ['policy', policy.before === policy.after ? 'the same' : `changed: ${shortDigest(policy.before)} → ${shortDigest(policy.after)}`],
    ...exemptions.map((line) => ['exemption', line] as const),
    ['key', key.before === key.after ? 'the same' : `changed: ${key.before} → ${key.after}; all pseudonyms are others`],
    ['rows', countChange(rows)],
    ['size', `${formatBytes(sizeBytes.before)} → ${formatBytes(sizeBytes.after)}`],
    ['chunks', `${formatCount(chunks.shared)} shared${chunkChange(chunks)}`],
    ['to pull', `${transfer.layers} of ${transfer.allLayers} layers, ${formatBytes(transfer.sizeBytes)}, for who has the first`],
  ];
  return [formatFacts(facts), ...diff.sources.flatMap((source) => ['', ...sourceLines(source)])].join('\n');
}

function sourceLines(source: SourceDiff): string[] {
  const title = `${source.name} (${source.kind})`;
  if (source.change === 'same') return [`${title}: the same`];
  const { server, databases, files, tables, sameTables } = source;
  return [
    source.change === 'changed'
      ? `${title}: ${sameTables} ${sameTables === 1 ? 'table' : 'tables'} the same`
      : `${title}: ${source.change}`,
    ...changed('  ~ server', server).map(([name, change]) => `${name} ${change}`),
    ...databases.added.map((name) => `  + database ${name}`),
    ...databases.removed.map((name) => `  - database ${name}`),
    ...tables.map(tableLine),
    ...files.added.map((path) => `  + schema file ${path}`),
    ...files.removed.map((path) => `  - schema file ${path}`),
    ...files.changed.map((path) => `  ~ schema file ${path}`),
  ];
}

function tableLine(table: TableDiff): string {
  const { change, rows, sizeBytes, columns, chunks } = table;
  const label = tableLabel(table);
  if (change === 'added') return `  + table ${label}: ${formatCount(rows.after)} rows, ${formatBytes(sizeBytes.after)}`;
  if (change === 'removed') return `  - table ${label}: ${formatCount(rows.before)} rows, ${formatBytes(sizeBytes.before)}`;
  const said = [
    ...(columns?.added ?? []).map((name) => `column + ${name}`),
    ...(columns?.removed ?? []).map((name) => `column - ${name}`),
    rows.before === rows.after ? `${formatCount(rows.after)} rows as before` : `rows ${countChange(rows)}`,
  ];
  return `  ~ table ${label}: ${said.join(', ')}${chunkChange(chunks)}`;
}

function chunkChange({ added, addedBytes, removed, removedBytes }: ChunkDiff): string {
  const came = added === 0 ? '' : `, ${formatCount(added)} new (${formatBytes(addedBytes)})`;
  return `${came}${removed === 0 ? '' : `, ${formatCount(removed)} gone (${formatBytes(removedBytes)})`}`;
}

function countChange({ before, after }: Change<number>): string {
  const by = after - before;
  return by === 0
    ? formatCount(after)
    : `${formatCount(before)} → ${formatCount(after)} (${by > 0 ? '+' : '-'}${formatCount(Math.abs(by))})`;
}

/** A fact only where it changed. */
function changed(name: string, { before, after }: Change<string>): (readonly [string, string])[] {
  return before === after ? [] : [[name, `${before || 'none'} → ${after || 'none'}`]];
}
