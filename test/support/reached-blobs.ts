import type { Digest } from '../../core/index.ts';
import { type CollectedStore, repository } from './collected-store.ts';
import { listOf } from './stream-samples.ts';

/** Blobs that manifests reach, found in another way than the collector's. */
export async function reachedBlobs({ catalog, objects }: Pick<CollectedStore, 'catalog' | 'objects'>): Promise<Set<string>> {
  const hexes = new Set<string>();
  for (const { key } of await listOf(objects.list('manifests/'))) {
    const digest = key.slice(key.lastIndexOf('/') + 1) as Digest;
    const manifest = await catalog.manifest(repository, digest);
    const { config, layers } = JSON.parse(Buffer.from(manifest?.bytes ?? []).toString()) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    hexes.add(config.digest.slice(7));
    for (const layer of layers) {
      const found = await objects.read(`layers/sha256/${layer.digest.slice(7)}`);
      const pieces: Uint8Array[] = [];
      for await (const piece of found?.bytes ?? []) pieces.push(piece);
      const { segments } = JSON.parse(Buffer.concat(pieces).toString()) as { segments: { digest?: string }[] };
      for (const { digest: piece } of segments) if (piece) hexes.add(piece.slice(7));
    }
  }
  return hexes;
}
