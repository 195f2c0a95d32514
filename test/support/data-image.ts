import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import { pack } from 'tar-stream';
import { type Digest, digestOf } from '../../core/digest.ts';
import { type ImageManifest, imageLabels, manifestPath, mediaTypes, tableSegment } from '../../core/image.ts';
import { encodeManifest, type Manifest, type ManifestFile, type ManifestSource, type SourceKind } from '../../core/manifest.ts';
import { toolVersion } from '../../core/version.ts';

const compress = promisify(zstdCompress);

export type ChunkContent = {
  /** Canonical text. */
  readonly text: string;
  readonly rows: number;
  /** What is stored in its place, to see whether anybody notices. */
  readonly storedText?: string;
  /** What `up --empty` loads too; makes the manifest one of version 3. */
  readonly reference?: true;
};
export type TableContent = {
  readonly schema: string;
  readonly name: string;
  readonly load: string;
  readonly chunks: readonly ChunkContent[];
  /** SQL text for after its rows; makes the manifest one of version 2. */
  readonly indexes?: string;
};
export type SourceContent = {
  readonly name: string;
  readonly kind: SourceKind;
  readonly databases?: readonly { readonly name: string; readonly create: string }[];
  /** SQL texts. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  readonly tables: readonly TableContent[];
};

/** An image in memory: everything that a registry needs to serve it. */
export type DataImage = {
  readonly digest: Digest;
  readonly manifest: Manifest;
  /** The OCI image manifest. */
  readonly imageManifest: Uint8Array;
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
};

/**
 * A small data image, made without the builder: the client is tested against the format, not against the program that writes it.
 * `labelDigest` replaces the manifest digest in the label; `change` has the last word on the manifest.
 */
export async function makeDataImage(
  sources: readonly SourceContent[],
  options: { readonly labelDigest?: string; readonly change?: (manifest: Manifest) => Manifest } = {},
): Promise<DataImage> {
  const files = new Map<string, Uint8Array>();
  const made: Manifest = {
    schemaVersion: schemaVersionOf(sources.flatMap(({ tables }) => tables)),
    tool: { name: 'dyn-data', version: toolVersion },
    environment: 'test',
    policy: { digest: digestOf('policy') },
    key: { id: 'test-key' },
    sources: [],
  };
  for (const source of sources) made.sources.push(await addSource(files, source));
  const manifest = options.change?.(made) ?? made;
  files.set(manifestPath.slice(1), encodeManifest(manifest));

  const layer = await tarOf(files);
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {
        Labels: {
          [imageLabels.manifestDigest]: options.labelDigest ?? digestOf(encodeManifest(manifest)),
          [imageLabels.environment]: 'test',
        },
      },
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    }),
  );
  const description: ImageManifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.imageManifest,
    config: { mediaType: mediaTypes.imageConfig, digest: digestOf(config), size: config.length },
    layers: [{ mediaType: mediaTypes.layer, digest: digestOf(layer), size: layer.length }],
  };
  const imageManifest = Buffer.from(JSON.stringify(description));
  const blobs = new Map<Digest, Uint8Array>([
    [digestOf(config), config],
    [digestOf(layer), layer],
  ]);
  return { digest: digestOf(imageManifest), manifest, imageManifest, blobs };
}

/** The oldest that can hold them. */
function schemaVersionOf(tables: readonly TableContent[]): Manifest['schemaVersion'] {
  if (tables.some(({ chunks }) => chunks.some(({ reference }) => reference))) return 3;
  return tables.some(({ indexes }) => indexes !== undefined) ? 2 : 1;
}

async function addSource(files: Map<string, Uint8Array>, source: SourceContent): Promise<ManifestSource> {
  const addFile = (name: string, text: string): ManifestFile => {
    const path = `${source.name}/schema/${name}.sql`;
    const bytes = Buffer.from(text);
    files.set(`snapshot/${path}`, bytes);
    return { path, digest: digestOf(bytes), sizeBytes: bytes.length };
  };
  const addFiles = (kind: string, texts: readonly string[] = []): ManifestFile[] =>
    texts.map((text, index) => addFile(`${kind}-${index}`, text));
  const result: ManifestSource = {
    name: source.name,
    kind: source.kind,
    server: { product: source.kind, version: '0' },
    consistency: { method: 'exported-snapshot', consistent: true, notCovered: [] },
    databases: [...(source.databases ?? [])],
    before: addFiles('before', source.before),
    tables: [],
    after: addFiles('after', source.after),
  };
  for (const { schema, name, load, chunks, indexes } of source.tables) {
    const path = `${source.name}/data/${tableSegment({ schema, name })}`;
    const table: ManifestSource['tables'][number] = { schema, name, path, load, rows: 0, sizeBytes: 0, chunks: [] };
    if (indexes !== undefined) table.indexes = addFile(`${name}-indexes`, indexes);
    for (const [index, { text, rows, storedText, reference }] of chunks.entries()) {
      const canonical = Buffer.from(text);
      const stored = await compress(Buffer.from(storedText ?? text));
      const file = `${String(index).padStart(6, '0')}.zst`;
      files.set(`snapshot/${path}/${file}`, stored);
      table.chunks.push({
        file,
        digest: digestOf(canonical),
        rows,
        sizeBytes: canonical.length,
        storedBytes: stored.length,
        ...(reference ? { reference } : {}),
      });
      table.rows += rows;
      table.sizeBytes += canonical.length;
    }
    result.tables.push(table);
  }
  return result;
}

async function tarOf(files: ReadonlyMap<string, Uint8Array>): Promise<Buffer> {
  const tar = pack();
  for (const [name, bytes] of files) tar.entry({ name, mtime: new Date(0) }, Buffer.from(bytes));
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar as unknown as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}
