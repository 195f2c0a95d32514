import type { BlobStore, Catalog } from '../../core/index.ts';
import { digestOf, manifestDigest, manifestTotals, mediaTypes } from '../../core/index.ts';
import type { DataImage } from './data-image.ts';

/** Puts a data image into a real registry's storage, as a build does: blobs, manifest, record, tag. */
export async function storeDataImage(
  to: { readonly blobs: BlobStore; readonly catalog: Catalog },
  image: DataImage,
  options: {
    readonly repository?: string;
    readonly tag?: string;
    readonly takenAt?: string;
    /** False for an image that somebody pushed, of whose making nothing is known. */
    readonly record?: boolean;
  } = {},
): Promise<void> {
  const { repository = 'dynamease', tag, takenAt = '2024-05-01T00:00:00.000Z', record = true } = options;
  for (const [digest, bytes] of image.blobs) await to.blobs.write({ digest, sizeBytes: bytes.byteLength }, bytes);
  const bytes = Uint8Array.from(image.imageManifest);
  await to.catalog.putManifest(repository, { digest: digestOf(bytes), mediaType: mediaTypes.imageManifest, bytes });
  if (record) {
    await to.catalog.putSnapshot({
      version: 1,
      repository,
      digest: image.digest,
      environment: image.manifest.environment,
      manifestDigest: manifestDigest(image.manifest),
      sizeBytes: [...image.blobs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
      rows: manifestTotals(image.manifest).rows,
      sources: image.manifest.sources.map(({ name, kind, tables, consistency }) => ({
        name,
        kind,
        tables: tables.length,
        rows: tables.reduce((sum, { rows }) => sum + rows, 0),
        consistent: consistency.consistent,
      })),
      provenance: {
        takenAt,
        durationMs: 61_000,
        skewMs: 12,
        sources: image.manifest.sources.map(({ name }) => ({ name, pointAt: takenAt, position: 'position 7', lockedMs: 40, retries: 0 })),
      },
    });
  }
  if (tag !== undefined) await to.catalog.moveTag(repository, tag, image.digest);
}
