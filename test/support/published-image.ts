import {
  type BlobInfo,
  type BlobStore,
  type Catalog,
  canonicalJson,
  type Descriptor,
  digestOf,
  mediaTypes,
  type Segment,
  type StoredManifest,
} from '../../core/index.ts';

export type ImageFile = { readonly path: string; readonly bytes: Uint8Array };

const block = 512;

/** The header of a plain file in a tar archive (ustar), all times zero. */
function tarHeader(path: string, sizeBytes: number): Uint8Array {
  const header = Buffer.alloc(block);
  header.write(path, 0, 100);
  header.write('0000644\0' + '0000000\0' + '0000000\0', 100);
  header.write(`${sizeBytes.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0`, 124);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** Stores the files and composes their tar, as a data image's layers are made. */
export async function composedLayer(blobs: BlobStore, files: readonly ImageFile[]): Promise<BlobInfo> {
  const segments: Segment[] = [];
  for (const { path, bytes } of files) {
    const blob = { digest: digestOf(bytes), sizeBytes: bytes.byteLength };
    await blobs.write(blob, bytes);
    const padding = (block - (bytes.byteLength % block)) % block;
    segments.push({ bytes: tarHeader(path, bytes.byteLength) }, { blob }, { bytes: new Uint8Array(padding) });
  }
  return blobs.compose([...segments, { bytes: new Uint8Array(2 * block) }]);
}

/** Publishes an image whose layers hold these files: blobs first, then the manifest, the record and the tag. */
export async function publishImage(
  to: { readonly blobs: BlobStore; readonly catalog: Catalog },
  image: {
    readonly repository: string;
    readonly tag?: string;
    readonly layers: readonly (readonly ImageFile[])[];
    readonly environment?: string;
  },
): Promise<StoredManifest> {
  const layers: Descriptor[] = [];
  for (const files of image.layers) {
    const { digest, sizeBytes } = await composedLayer(to.blobs, files);
    layers.push({ mediaType: mediaTypes.layer, digest, size: sizeBytes });
  }
  const config = Buffer.from(
    canonicalJson({
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: { test: 'published' } },
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    }),
  );
  await to.blobs.write({ digest: digestOf(config), sizeBytes: config.byteLength }, config);
  const bytes = Buffer.from(
    canonicalJson({
      schemaVersion: 2,
      mediaType: mediaTypes.imageManifest,
      config: { mediaType: mediaTypes.imageConfig, digest: digestOf(config), size: config.byteLength },
      layers,
    }),
  );
  const manifest = { digest: digestOf(bytes), mediaType: mediaTypes.imageManifest, bytes: Uint8Array.from(bytes) };
  await to.catalog.putManifest(image.repository, manifest);
  await to.catalog.putSnapshot({
    version: 1,
    repository: image.repository,
    digest: manifest.digest,
    environment: image.environment ?? 'prod',
    manifestDigest: digestOf('manifest'),
    sizeBytes: layers.reduce((sum, { size }) => sum + size, config.byteLength),
    rows: 2,
    sources: [{ name: 'mysql', kind: 'mysql', tables: 1, rows: 2, consistent: true }],
    provenance: { takenAt: '2024-05-01T00:00:00.000Z', durationMs: 1, skewMs: 0, sources: [] },
  });
  if (image.tag !== undefined) await to.catalog.moveTag(image.repository, image.tag, manifest.digest);
  return manifest;
}
