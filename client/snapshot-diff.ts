import type { ImageManifest } from '../core/image.ts';
import {
  type Manifest,
  type ManifestChunk,
  type ManifestFile,
  type ManifestSource,
  type ManifestTable,
  manifestTotals,
} from '../core/manifest.ts';

/** A value on both sides; the same one twice where it did not change. */
export type Change<T> = { readonly before: T; readonly after: T };
/** Names that came, and names that went. */
export type Names = { readonly added: readonly string[]; readonly removed: readonly string[] };

/** Chunks by their digest, in the canonical encoding; `stored` bytes are the compressed ones in the image. */
export type ChunkDiff = {
  readonly shared: number;
  readonly added: number;
  readonly addedBytes: number;
  readonly addedStoredBytes: number;
  readonly removed: number;
  readonly removedBytes: number;
};

export type TableDiff = {
  readonly schema: string;
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly rows: Change<number>;
  readonly sizeBytes: Change<number>;
  /** Absent where one of the two manifests is too old to name columns, or the table is on one side only. */
  readonly columns?: Names;
  readonly chunks: ChunkDiff;
};

/** Schema files by their path in the image. */
export type FilesDiff = Names & { readonly changed: readonly string[] };

export type SourceDiff = {
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed' | 'same';
  readonly kind: string;
  /** Product and version of the server that was read. */
  readonly server: Change<string>;
  readonly databases: Names;
  readonly files: FilesDiff;
  /** Those that differ. */
  readonly tables: readonly TableDiff[];
  readonly sameTables: number;
};

export type SnapshotDiff = {
  readonly environment: Change<string>;
  readonly tool: Change<string>;
  readonly policy: Change<string> & { readonly exemptions: Names };
  readonly key: Change<string>;
  readonly rows: Change<number>;
  readonly sizeBytes: Change<number>;
  readonly chunks: ChunkDiff;
  readonly sources: readonly SourceDiff[];
  /** What a machine that has the first image would still transfer for the second. */
  readonly transfer: { readonly layers: number; readonly allLayers: number; readonly sizeBytes: number };
};

type Side = { readonly manifest: Manifest; readonly image: ImageManifest };

/** How two snapshots differ, from their manifests alone: no row is read. */
export function diffSnapshots(before: Side, after: Side): SnapshotDiff {
  const [a, b] = [before.manifest, after.manifest];
  const [totalsBefore, totalsAfter] = [manifestTotals(a), manifestTotals(b)];
  const known = new Set(before.image.layers.map(({ digest }) => digest));
  const transferred = after.image.layers.filter(({ digest }) => !known.has(digest));
  return {
    environment: { before: a.environment, after: b.environment },
    tool: { before: a.tool.version, after: b.tool.version },
    policy: { before: a.policy.digest, after: b.policy.digest, exemptions: namesOf(exemptionsOf(a), exemptionsOf(b)) },
    key: { before: a.key.id, after: b.key.id },
    rows: { before: totalsBefore.rows, after: totalsAfter.rows },
    sizeBytes: { before: totalsBefore.sizeBytes, after: totalsAfter.sizeBytes },
    chunks: chunksOf(allChunks(a), allChunks(b)),
    sources: paired(a.sources, b.sources, ({ name }) => name).map(([old, current]) => diffSource(old, current)),
    transfer: {
      layers: transferred.length,
      allLayers: after.image.layers.length,
      sizeBytes: transferred.reduce((sum, { size }) => sum + size, 0),
    },
  };
}

function diffSource(before: ManifestSource | undefined, after: ManifestSource | undefined): SourceDiff {
  const one = after ?? before;
  const tables = paired(before?.tables ?? [], after?.tables ?? [], ({ schema, name }) => `${schema}\n${name}`);
  const differing = tables.map(([old, current]) => diffTable(old, current)).filter((table) => table !== undefined);
  const server = { before: serverOf(before), after: serverOf(after) };
  const databases = namesOf(before?.databases.map(({ name }) => name) ?? [], after?.databases.map(({ name }) => name) ?? []);
  const files = diffFiles(filesOf(before), filesOf(after));
  const isSame =
    differing.length + databases.added.length + databases.removed.length === 0 &&
    files.added.length + files.removed.length + files.changed.length === 0 &&
    server.before === server.after;
  return {
    name: one?.name ?? '',
    change: before === undefined ? 'added' : after === undefined ? 'removed' : isSame ? 'same' : 'changed',
    kind: one?.kind ?? '',
    server,
    databases,
    files,
    tables: differing,
    sameTables: tables.length - differing.length,
  };
}

/** Undefined where both sides are the same. */
function diffTable(before: ManifestTable | undefined, after: ManifestTable | undefined): TableDiff | undefined {
  const one = after ?? before;
  if (one === undefined) return undefined;
  const chunks = chunksOf(before?.chunks ?? [], after?.chunks ?? []);
  const columns = before?.columns && after?.columns ? namesOf(before.columns, after.columns) : undefined;
  const isSame =
    before !== undefined &&
    after !== undefined &&
    chunks.added + chunks.removed === 0 &&
    (columns === undefined || columns.added.length + columns.removed.length === 0);
  if (isSame) return undefined;
  return {
    schema: one.schema,
    name: one.name,
    change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    rows: { before: before?.rows ?? 0, after: after?.rows ?? 0 },
    sizeBytes: { before: before?.sizeBytes ?? 0, after: after?.sizeBytes ?? 0 },
    ...(columns === undefined ? {} : { columns }),
    chunks,
  };
}

function diffFiles(before: readonly ManifestFile[], after: readonly ManifestFile[]): FilesDiff {
  const old = new Map(before.map(({ path, digest }) => [path, digest]));
  const names = namesOf(
    before.map(({ path }) => path),
    after.map(({ path }) => path),
  );
  return { ...names, changed: after.filter(({ path, digest }) => old.has(path) && old.get(path) !== digest).map(({ path }) => path) };
}

function chunksOf(before: readonly ManifestChunk[], after: readonly ManifestChunk[]): ChunkDiff {
  const [old, current] = [new Set(before.map(({ digest }) => digest)), new Set(after.map(({ digest }) => digest))];
  const [added, removed] = [after.filter(({ digest }) => !old.has(digest)), before.filter(({ digest }) => !current.has(digest))];
  const bytes = (chunks: readonly ManifestChunk[]): number => chunks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    shared: after.length - added.length,
    added: added.length,
    addedBytes: bytes(added),
    addedStoredBytes: added.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
    removed: removed.length,
    removedBytes: bytes(removed),
  };
}

function namesOf(before: readonly string[], after: readonly string[]): Names {
  const [old, current] = [new Set(before), new Set(after)];
  return { added: after.filter((name) => !old.has(name)), removed: before.filter((name) => !current.has(name)) };
}

/** Those of both sides with the same key beside each other, in the order of the second side; what only the first has comes last. */
function paired<T>(before: readonly T[], after: readonly T[], keyOf: (item: T) => string): [T | undefined, T | undefined][] {
  const old = new Map(before.map((item) => [keyOf(item), item]));
  const current = new Set(after.map(keyOf));
  return [
    ...after.map((item): [T | undefined, T | undefined] => [old.get(keyOf(item)), item]),
    ...before.filter((item) => !current.has(keyOf(item))).map((item): [T | undefined, T | undefined] => [item, undefined]),
  ];
}

const allChunks = ({ sources }: Manifest): ManifestChunk[] => sources.flatMap(({ tables }) => tables.flatMap(({ chunks }) => chunks));

const exemptionsOf = ({ policy }: Manifest): string[] => (policy.exemptions ?? []).map(({ place, rule }) => `${place}: ${rule}`);

const serverOf = (source: ManifestSource | undefined): string => (source ? `${source.server.product} ${source.server.version}` : '');

/** All schema files of a source, in the order in which a restore runs them. */
export function filesOf(source: ManifestSource | undefined): ManifestFile[] {
  if (!source) return [];
  return [...source.before, ...source.tables.flatMap(({ indexes }) => (indexes ? [indexes] : [])), ...source.after];
}
