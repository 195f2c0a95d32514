import {
  type BlobInfo,
  type BlobStore,
  canonicalJson,
  type Descriptor,
  type Digest,
  DynDataError,
  digestOf,
  encodeManifest,
  imageLabels,
  type Manifest,
  manifestPath,
  mediaTypes,
} from '../core/index.ts';
import { groupIntoLayers, type LayerFile, layerSegments } from './layers.ts';

export type BakedImage = {
  /** Digest of the image manifest: the snapshot's identity. */
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly manifestDigest: Digest;
  /** Layers and config together. */
  readonly sizeBytes: number;
};

/**
 * Makes the OCI image of a snapshot out of stored chunks and schema files: data layers in the order of loading, then one layer with the
 * schemas, then one with the manifest. Stores everything but the image manifest, so nothing is visible yet. Same input, same bytes.
 */
export async function bake(
  manifest: Manifest,
  files: { readonly data: readonly LayerFile[]; readonly schema: readonly { readonly path: string; readonly content: BlobInfo }[] },
  blobs: BlobStore,
  signal: AbortSignal,
): Promise<BakedImage> {
  const manifestBytes = encodeManifest(manifest);
  const manifestBlob: BlobInfo = { digest: digestOf(manifestBytes), sizeBytes: manifestBytes.length };
  await blobs.write(manifestBlob, manifestBytes, signal);

  const groups = [
    ...groupIntoLayers(requireUniquePaths(files.data)),
    ...(files.schema.length > 0 ? [files.schema] : []),
    [{ path: manifestPath.slice(1), content: manifestBlob }],
  ];
  const layers: Descriptor[] = [];
  for (const group of groups) {
    const { digest, sizeBytes } = await blobs.compose(layerSegments(group), signal);
    layers.push({ mediaType: mediaTypes.layer, digest, size: sizeBytes });
  }

  const config = Buffer.from(
    canonicalJson({
      architecture: 'amd64',
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: {
        Labels: {
          [imageLabels.environment]: manifest.environment,
          [imageLabels.manifestDigest]: manifestBlob.digest,
          [imageLabels.schemaVersion]: String(manifest.schemaVersion),
          [imageLabels.toolVersion]: manifest.tool.version,
        },
      },
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    }),
  );
  const configBlob: BlobInfo = { digest: digestOf(config), sizeBytes: config.length };
  await blobs.write(configBlob, config, signal);

  const bytes = Buffer.from(
    canonicalJson({
      schemaVersion: 2,
      mediaType: mediaTypes.imageManifest,
      config: { mediaType: mediaTypes.imageConfig, digest: configBlob.digest, size: configBlob.sizeBytes },
      layers,
    }),
  );
  return {
    digest: digestOf(bytes),
    bytes,
    mediaType: mediaTypes.imageManifest,
    manifestDigest: manifestBlob.digest,
    sizeBytes: layers.reduce((total, layer) => total + layer.size, configBlob.sizeBytes),
  };
}

/**
 * The files, none twice: a chunk's name has its place or, in a directory, its entries' digest, so no two are alike. One file in place of
 * two would make a snapshot that nobody can restore, since a reader takes each chunk of the manifest once.
 */
function requireUniquePaths(files: readonly LayerFile[]): readonly LayerFile[] {
  const paths = new Set<string>();
  for (const { path } of files) {
    if (paths.has(path)) throw new DynDataError('INTERNAL', `Two chunks have the name ${path}. Please report it.`);
    paths.add(path);
  }
  return files;
}
