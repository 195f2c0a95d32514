import {
  type BlobStore,
  type Catalog,
  type ChunkIndex,
  type Collect,
  type Collected,
  type ContentDigest,
  canonicalJson,
  type Digest,
  digestOf,
  mediaTypes,
  type ObjectStore,
  type Pins,
  type Uploads,
} from '../../core/index.ts';
import {
  createBlobStore,
  createCatalog,
  createChunkIndex,
  createCollector,
  createGuardedCatalog,
  createPins,
  createPushGuard,
  createSweepLog,
  createUploads,
  type OpenPush,
  openWriterStorage,
  type RemovalPorts,
  type SweepLog,
  type WriterPorts,
} from '../../storage/index.ts';

export const repository = 'dynamease';

/** Everything that works on one store, as one process has it. */
export type CollectedStore = {
  readonly objects: ObjectStore;
  readonly log: SweepLog;
  readonly blobs: BlobStore;
  readonly catalog: Catalog;
  readonly pins: Pins;
  readonly uploads: Uploads;
  readonly removal: RemovalPorts;
  readonly openPush: OpenPush;
  readonly collect: Collect;
  run(dryRun?: boolean): Promise<Collected>;
  openWriter(): Promise<WriterPorts>;
};

export type CollectedStoreOptions = {
  readonly clock: () => Date;
  readonly graceMs: number;
  readonly newId: () => string;
  readonly wait?: (delayMs: number) => Promise<void>;
  readonly takeoverMs?: number;
};

export function openCollectedStore(objects: ObjectStore, options: CollectedStoreOptions): CollectedStore {
  const { clock, graceMs, newId, takeoverMs } = options;
  const wait = options.wait ?? ((delayMs: number) => new Promise<void>((resolve) => setTimeout(resolve, delayMs)));
  const log = createSweepLog(objects, { clock, wait, ...(takeoverMs === undefined ? {} : { takeoverMs }) });
  const blobs = createBlobStore(objects);
  const unguarded = createCatalog(objects, { clock });
  const pins = createPins(objects, unguarded, log);
  const catalog = createGuardedCatalog({ catalog: unguarded, pins, log, clock });
  const uploads = createUploads(objects, blobs, { clock, newId });
  const collect = createCollector({ objects, log, uploads, graceMs, newId });
  return {
    objects,
    log,
    blobs,
    catalog,
    pins,
    uploads,
    removal: { objects, catalog: unguarded, pins, log, clock },
    openPush: createPushGuard({ objects, catalog: unguarded, log, graceMs, clock }),
    collect,
    run: (dryRun = false) => collect({ dryRun }, { onProgress: () => undefined }),
    openWriter: () => openWriterStorage(objects, { index: createChunkIndex(objects, 'none'), catalog, unguarded }, log),
  };
}

/** What a chunk's text is stored as: other bytes than the text, as a compressor gives. */
export const frameOf = (chunk: string): Buffer => Buffer.from(`<${chunk}>`.repeat(20));

async function storeChunk({ blobs, index }: { blobs: BlobStore; index: ChunkIndex }, chunk: string) {
  const canonical = digestOf(chunk);
  const found = await index.find(canonical);
  if (found) return found;
  const frame = frameOf(chunk);
  const blob = { digest: digestOf(frame), sizeBytes: frame.byteLength };
  await blobs.write(blob, frame);
  await index.remember(canonical, blob);
  return blob;
}

/** A small build, in the order of a real one: chunks, layers of them, config, manifest, record, tag. */
export async function publishChunks(
  ports: WriterPorts,
  layersOfChunks: readonly (readonly string[])[],
  options: {
    readonly tag?: string;
    readonly takenAt: string;
    /** {@link repository} where left out. */
    readonly to?: string;
    readonly betweenLayers?: () => Promise<void>;
  },
): Promise<Digest> {
  const { tag, takenAt, to = repository } = options;
  const { blobs, catalog } = ports;
  const layers: { mediaType: string; digest: Digest; size: number }[] = [];
  for (const chunks of layersOfChunks) {
    const segments: Parameters<BlobStore['compose']>[0][number][] = [];
    for (const chunk of chunks) segments.push({ bytes: Buffer.from(`[${chunk}]`) }, { blob: await storeChunk(ports, chunk) });
    const { digest, sizeBytes } = await blobs.compose(segments);
    layers.push({ mediaType: mediaTypes.layer, digest, size: sizeBytes });
    await options.betweenLayers?.();
  }
  const config = Buffer.from(canonicalJson({ rootfs: { diff_ids: layers.map(({ digest }) => digest) } }));
  await blobs.write({ digest: digestOf(config), sizeBytes: config.byteLength }, config);
  const bytes = Buffer.from(
    canonicalJson({
      schemaVersion: 2,
      config: { mediaType: mediaTypes.imageConfig, digest: digestOf(config), size: config.byteLength },
      layers,
    }),
  );
  const digest = digestOf(bytes);
  await catalog.putManifest(to, { digest, mediaType: mediaTypes.imageManifest, bytes });
  await catalog.putSnapshot({
    version: 1,
    repository: to,
    digest,
    environment: 'prod',
    manifestDigest: digestOf(config),
    sizeBytes: layers.reduce((sum, { size }) => sum + size, config.byteLength),
    rows: 2,
    sources: [],
    provenance: { takenAt, durationMs: 1, skewMs: 0, sources: [] },
  });
  if (tag !== undefined) await catalog.moveTag(to, tag, digest);
  return digest;
}

/** Everything that can be seen, read whole and compared with its digests. @throws where any of it is missing or damaged */
export async function pullEverything({ catalog, blobs }: Pick<CollectedStore, 'catalog' | 'blobs'>): Promise<Set<string>> {
  const seen = new Set<string>();
  const pull = async (digest: ContentDigest): Promise<void> => {
    const manifest = await catalog.manifest(repository, digest);
    if (!manifest) throw new Error(`the manifest ${digest} is missing`);
    seen.add(digest);
    const { config, layers } = JSON.parse(Buffer.from(manifest.bytes).toString()) as {
      config: { digest: Digest };
      layers: { digest: Digest }[];
    };
    for (const { digest: part } of [config, ...layers]) for await (const piece of (await blobs.read(part)).bytes) void piece;
  };
  for await (const { digest } of catalog.snapshots(repository)) await pull(digest);
  for await (const { digest } of catalog.tags(repository)) await pull(digest);
  return seen;
}
