import type { CompiledPolicy } from '../anonymizers/index.ts';
import {
  type BlobInfo,
  type BlobWriter,
  type ChunkIndex,
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
    const tables = await inParallel(
      session.extractions(policy),
      session.parallelism,
      (extraction, shared) =>
        whileThePointHolds(session, ports, shared, async () => {
          // Counted apart: what is read again would count twice.
          const own = ports.leakScan.source(opened.description.live);
          const built = await buildTable(session.name, extraction, { ...ports, leaks: own }, shared);
          leaks.found.take(own.found);
          leaks.exempt.take(own.exempt);
          return built;
        }),
      signal,
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
    const withIndexes = (table: ManifestTable): ManifestTable => {
      const file = indexes.get(tableSegment(table));
      return file ? { ...table, indexes: manifestFile(file) } : table;
    };
    return {
      manifest: {
        name: session.name,
        kind: session.kind,
        server: session.server,
        consistency: { ...point.consistency, consistent: point.consistency.consistent && !changed },
        databases: opened.description.databases,
        before: before.map(manifestFile),
        tables: tables.map(({ table }) => withIndexes(table)),
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

type BuiltTable = { readonly table: ManifestTable; readonly files: readonly LayerFile[] };

function buildTable(sourceName: string, extraction: AnyExtraction, ports: TablePorts, signal: AbortSignal): Promise<BuiltTable> {
  return extraction.use((typed) => buildTypedTable(sourceName, typed, ports, signal));
}

async function buildTypedTable<R, M>(
  sourceName: string,
  extraction: Extraction<R, M>,
  ports: TablePorts,
  signal: AbortSignal,
): Promise<BuiltTable> {
  const { schema, name, load, columns, fileExtension } = extraction;
  const label = schema === name ? name : `${schema}.${name}`;
  const path = `${pathSegment(sourceName)}/data/${tableSegment(extraction)}`;
  ports.meter.tableStarted(`${sourceName}/${label}`);
  const chunks: ManifestTable['chunks'] = [];
  const files: LayerFile[] = [];
  const totals = { rows: 0, sizeBytes: 0 };
  const chunksOf = pack(extraction, extraction.read(signal), ports.chunkSizes, ports.memory);
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
  ports.meter.tableEnded();
  // Loading order is the order of the names: the manifest lists the chunks in that order too, however the streams were interleaved.
  chunks.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
  files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return { table: { schema, name, path, ...totals, load, columns: [...columns], chunks }, files };
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
