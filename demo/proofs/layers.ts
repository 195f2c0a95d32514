import { imageManifestSchema } from '../../core/index.ts';

/** Digests of an image's layers, in order, as the registry serves them. */
export async function layerDigests(registry: string, repository: string, digest: string): Promise<string[]> {
  const answer = await fetch(`${registry}/v2/${repository}/manifests/${digest}`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  if (!answer.ok) throw new Error(`the registry answered ${answer.status} for ${digest}`);
  return imageManifestSchema.parse(await answer.json()).layers.map((layer) => layer.digest);
}

/** How many layers of `after` are not in `before`. */
export function newLayers(before: readonly string[], after: readonly string[]): number {
  return after.filter((layer) => !before.includes(layer)).length;
}
