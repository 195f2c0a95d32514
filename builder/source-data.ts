import type { CompiledPolicy, DecidedDocuments } from '../anonymizers/index.ts';
import {
  type BlobInfo,
  type BlobWriter,
  type ChunkIndex,
  DynDataError,
  digestOf,
  type ManifestFile,
  type ManifestSource,
  type ManifestTable,
  pathSegment,
  tableSegment,
} from '../core/index.ts';
import type { ChunkMemory } from './chunk-memory.ts';
import type { AnyExtraction, Description, Extraction, Point, SchemaFile, SourceSession } from './extraction.ts';
import { inParallel } from './in-parallel.ts';
import { type InterruptionLog, isLost, untilReached } from './interruptions.ts';
import type { LayerFile } from './layers.ts';
import type { LeakScan, SourceScan } from './leak-scan/leak-scan.ts';
import { type ChunkSizes, pack } from './pack.ts';
import type { ProgressMeter } from './progress.ts';
import { store } from './store.ts';

/** Everything of one source that goes into the image. */
export type SourceData = {
  readonly manifest: ManifestSource;
  readonly data: readonly LayerFile[];
  readonly schema: readonly { readonly path: string; readonly content: BlobInfo }[];
  readonly retries: number;
  readonly point: Point;
  readonly leaks: SourceScan;
};

export type SourceDataPorts = {
  readonly blobs: BlobWriter;
  readonly index: ChunkIndex;
  readonly meter: ProgressMeter;
  readonly leakScan: LeakScan;
  readonly chunkSizes?: ChunkSizes;
  /** Absent: each table has its own. */
  readonly memory?: ChunkMemory;
  readonly interruptions: InterruptionLog;
};
type TablePorts = SourceDataPorts & { readonly leaks: SourceScan };

/** Times a source without snapshots is read again before it is recorded as changing. */
const maxRetries = 3;

/**
 * source → extract → anonymize → pack → store, for all tables of one source: as many at once as the session allows.
 * A source that changed while it was read is read again from a new point; after `maxRetries` the manifest says `consistent: false`.
 */
export async function buildSource(
  session: SourceSession,
  opened: { readonly point: Point; readonly description: Description },
  policy: CompiledPolicy,
  ports: SourceDataPorts,
  signal: AbortSignal,
): Promise<SourceData> {
  let { point } = opened;
  const files = await opened.description.files(policy.definitions(session.name), signal);
  for (let retries = 0; ; retries += 1) {
    const leaks = ports.leakScan.source(opened.description.live);
    const extractions = session.extractions(policy);
    const parts = extractions.flatMap((extraction) => {
      const progress = tableProgress(session.name, extraction, ports.meter);
      return Array.from({ length: extraction.partCount }, (_item, index) => ({ extraction, index, progress }));
    });
    const built = await inParallel(
      parts,
      session.parallelism,
      ({ extraction, index, progress }, shared) =>
        whileThePointHolds(session, ports, shared, async () => {
          // Counted apart: what is read again would count twice.
          const own = ports.leakScan.source(opened.description.live);
          const part = await buildPart(session.name, extraction, index, progress, { ...ports, leaks: own }, shared);
          leaks.found.take(own.found);
          leaks.exempt.take(own.exempt);
          return { extraction, part };
        }),
      signal,
    );
    const partsOf = Map.groupBy(built, ({ extraction }) => extraction);
    const tables = extractions.map((extraction) =>
      tableOfParts(
        session.name,
        extraction,
        (partsOf.get(extraction) ?? []).map(({ part }) => part),
      ),
    );
    const changed = await session.changed(signal);
    if (changed && retries < maxRetries) {
      point = await session.openPoint(signal);
      await ports.leakScan.observe(session, signal);
      continue;
    }
    const before = await storeFiles(session.name, files.before, { ...ports, leaks }, signal);
    const after = await storeFiles(session.name, files.after, { ...ports, leaks }, signal);
    const indexes = new Map<string, StoredFile>();
    for (const { schema, name, file } of files.indexes ?? []) {
      const [stored] = await storeFiles(session.name, [file], { ...ports, leaks }, signal);
      if (stored) indexes.set(tableSegment({ schema, name }), stored);
    }
    const whole = (table: ManifestTable, index: number): ManifestTable => {
      const file = indexes.get(tableSegment(table));
      // The paths of a directory are met in all its bases together.
      const documents =
        session.kind !== 'ldap'
          ? policy.table(session.name, table.schema, table.name).documents
          : index === 0
            ? policy.directory(session.name).documents
            : undefined;
      return {
        ...table,
        ...(documents ? { documents: documents.map(recordedPaths) } : {}),
        ...(file ? { indexes: manifestFile(file) } : {}),
      };
    };
    return {
      manifest: {
        name: session.name,
        kind: session.kind,
        server: session.server,
        consistency: { ...point.consistency, consistent: point.consistency.consistent && !changed },
        databases: opened.description.databases,
        before: before.map(manifestFile),
        tables: tables.map(({ table }, index) => whole(table, index)),
        after: after.map(manifestFile),
      } as ManifestSource,
      data: tables.flatMap(({ files }) => files),
      schema: [...before, ...indexes.values(), ...after].map(({ path, content }) => ({ path: `snapshot/${path}`, content })),
      retries,
      point,
      leaks,
    };
  }
}

/** Times one table is read again because a connection was lost. */
const maxReadsAgain = 5;

/** Reads a table again where its connection was lost and the point in time was not. */
async function whileThePointHolds<T>(
  session: SourceSession,
  { interruptions }: SourceDataPorts,
  signal: AbortSignal,
  read: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      if (!isLost(error) || attempt === maxReadsAgain || signal.aborted) throw error;
      const isKept = await untilReached(() => session.recover(signal), signal).catch(() => false);
      if (!isKept) throw error;
      interruptions.add({ reason: error.message, mended: 'read-again' });
    }
  }
}

type StoredFile = { readonly path: string; readonly content: BlobInfo };
const manifestFile = ({ path, content }: StoredFile): ManifestFile => ({ path, digest: content.digest, sizeBytes: content.sizeBytes });

function recordedPaths({ column, metPaths }: DecidedDocuments): NonNullable<ManifestTable['documents']>[number] {
  const paths = [...metPaths()].sort(([a], [b]) => inOrder(a, b));
  const those = (isWanted: boolean): string[] => paths.flatMap(([path, isMet]) => (isMet === isWanted ? [path] : []));
  return { column, met: those(true), unmet: those(false) };
}

type BuiltPart = { readonly chunks: ManifestTable['chunks']; readonly files: readonly LayerFile[] };
type BuiltTable = { readonly table: ManifestTable; readonly files: readonly LayerFile[] };

/** Of a table whose parts are read at the same time, told as of one table. */
type TableProgress = { partStarted(): void; partEnded(): void };

function tableProgress(sourceName: string, { schema, name, partCount }: AnyExtraction, meter: ProgressMeter): TableProgress {
  const label = schema === name ? name : `${schema}.${name}`;
  let left = partCount;
  return {
    partStarted: () => meter.tableStarted(`${sourceName}/${label}`),
    partEnded() {
      left -= 1;
      if (left === 0) meter.tableEnded();
    },
  };
}

function pathOf(sourceName: string, table: { readonly schema: string; readonly name: string }): string {
  return `${pathSegment(sourceName)}/data/${tableSegment(table)}`;
}

function buildPart(
  sourceName: string,
  extraction: AnyExtraction,
  index: number,
  progress: TableProgress,
  ports: TablePorts,
  signal: AbortSignal,
): Promise<BuiltPart> {
  return extraction.use((typed) => buildTypedPart(sourceName, typed, index, progress, ports, signal));
}

async function buildTypedPart<R, M>(
  sourceName: string,
  extraction: Extraction<R, M>,
  index: number,
  progress: TableProgress,
  ports: TablePorts,
  signal: AbortSignal,
): Promise<BuiltPart> {
  const { parts, fileExtension } = extraction;
  const part = parts[index];
  if (!part) throw new DynDataError('INTERNAL', `The table ${extraction.schema}.${extraction.name} has no part ${index}.`);
  progress.partStarted();
  const path = pathOf(sourceName, extraction);
  const chunks: ManifestTable['chunks'] = [];
  const files: LayerFile[] = [];
  const totals = { rows: 0, sizeBytes: 0 };
  const batches = { start: part.start, batches: part.read(signal) };
  const chunksOf = pack(extraction, batches, ports.chunkSizes, ports.memory);
  const packed = ports.leaks.chunks(extraction, fileExtension === 'tsv' ? 'table' : 'text', chunksOf);
  try {
    for await (const { manifest, blob, boundary } of store(packed, ports, fileExtension, signal)) {
      chunks.push(manifest);
      files.push({ path: `snapshot/${path}/${manifest.file}`, content: blob, boundary });
      totals.rows += manifest.rows;
      totals.sizeBytes += manifest.sizeBytes;
      ports.meter.chunkStored(manifest.rows, manifest.sizeBytes);
    }
  } catch (error) {
    ports.meter.tableGivenUp(totals.rows, totals.sizeBytes);
    throw error;
  }
  progress.partEnded();
  return { chunks, files };
}

/** Loading order is the order of the names: the manifest lists the chunks in that order too, however parts and streams were interleaved. */
function tableOfParts(sourceName: string, extraction: AnyExtraction, parts: readonly BuiltPart[]): BuiltTable {
  const chunks = parts.flatMap((part) => part.chunks).sort((a, b) => inOrder(a.file, b.file));
  const files = parts.flatMap((part) => part.files).sort((a, b) => inOrder(a.path, b.path));
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.sizeBytes, 0);
  const { schema, name } = extraction;
  const { load, columns } = extraction.use((typed) => ({ load: typed.load, columns: [...typed.columns] }));
  return { table: { schema, name, path: pathOf(sourceName, extraction), rows, sizeBytes, load, columns, chunks }, files };
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function storeFiles(
  sourceName: string,
  files: readonly SchemaFile[],
  { blobs, leaks }: TablePorts,
  signal: AbortSignal,
): Promise<StoredFile[]> {
  const stored: StoredFile[] = [];
  for (const { name, text } of files) {
    if (!(await leaks.isClean({ name, text }))) continue;
    const bytes = Buffer.from(text);
    const content = { digest: digestOf(bytes), sizeBytes: bytes.length };
    await blobs.write(content, bytes, signal);
    stored.push({ path: `${pathSegment(sourceName)}/schema/${pathSegment(name)}`, content });
  }
  return stored;
}
