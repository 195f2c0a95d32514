import * as z from 'zod/mini';
import { type Digest, digestOf, verified } from '../core/digest.ts';
import { DynDataError } from '../core/errors.ts';
import { type ImageManifest, imageLabels, manifestPath, mediaTypes } from '../core/image.ts';
import { decodeManifest, type Manifest } from '../core/manifest.ts';
import { inMemoryMaxBytes } from './image-reader.ts';
import type { RegistryApi } from './registry-api.ts';
import { collect } from './small-bytes.ts';
import { tarFiles } from './tar-files.ts';

const configSchema = z.object({ config: z.optional(z.object({ Labels: z.nullish(z.record(z.string(), z.string())) })) });

/** Bytes of an image's config; it holds labels and digests of layers. */
const configMaxBytes = 4 * 1024 * 1024;

export type SnapshotManifest = { readonly manifest: Manifest; readonly manifestDigest: Digest; readonly image: ImageManifest };

/**
 * A snapshot's manifest out of the registry, without its data: the image's last layer has it. Every step is checked by a digest, from the
 * snapshot's own to the label in the image's config that names the manifest.
 * @throws DynDataError SNAPSHOT_UNKNOWN, MANIFEST_INVALID, DIGEST_MISMATCH
 */
export async function readSnapshotManifest(
  api: Pick<RegistryApi, 'imageManifest' | 'blob'>,
  repository: string,
  digest: Digest,
): Promise<SnapshotManifest> {
  const image = await api.imageManifest(repository, digest);
  const layer = image.layers.at(-1);
  if (image.config.size > configMaxBytes || layer === undefined || layer.mediaType !== mediaTypes.layer) throw noSnapshot(digest);
  const what = `The config of the image ${digest}`;
  const config = verified(api.blob(repository, image.config.digest), {
    digest: image.config.digest,
    sizeBytes: image.config.size,
    what,
  });
  const named = labelOf(await collect(config));
  if (named === undefined) throw noSnapshot(digest);
  const bytes = await manifestIn(api.blob(repository, layer.digest));
  if (bytes === undefined) throw noSnapshot(digest);
  const manifestDigest = digestOf(bytes);
  if (manifestDigest !== named) {
    throw new DynDataError(
      'DIGEST_MISMATCH',
      `The manifest in the image ${digest} is not the one that the image's label names. Have the registry's storage verified.`,
    );
  }
  return { manifest: decodeManifest(bytes), manifestDigest, image };
}

function labelOf(config: Uint8Array): string | undefined {
  try {
    const parsed = configSchema.safeParse(JSON.parse(new TextDecoder().decode(config)));
    return parsed.success ? parsed.data.config?.Labels?.[imageLabels.manifestDigest] : undefined;
  } catch {
    return undefined;
  }
}

async function manifestIn(layer: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
  for await (const { path, sizeBytes, bytes } of tarFiles(layer)) {
    if (`/${path.replace(/^[./]+/, '')}` === manifestPath) return sizeBytes > inMemoryMaxBytes ? undefined : await collect(bytes);
  }
  return undefined;
}

function noSnapshot(digest: Digest): DynDataError {
  return new DynDataError(
    'MANIFEST_INVALID',
    `The image ${digest} is no snapshot of dyn-data, or another tool has changed its layers. Run \`dyn-data ls\` to see the snapshots.`,
  );
}
