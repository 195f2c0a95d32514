import { type Digest, digestHex } from '../../core/index.ts';

/** The keys that the collector reads and removes, as the stores of storage/ write them. */
export const prefixes = {
  blobs: 'blobs/sha256/',
  layers: 'layers/sha256/',
  recipes: 'recipes/sha256/',
  chunks: 'chunks/',
  links: 'links/',
  manifests: 'manifests/',
  referrers: 'referrers/',
  uploads: 'uploads/',
} as const;

export const blobKey = (digest: Digest): string => `${prefixes.blobs}${digestHex(digest)}`;
export const layerKey = (digest: Digest): string => `${prefixes.layers}${digestHex(digest)}`;

export const linkKey = (repository: string, digest: string): string => `${prefixes.links}${repository}/@/${digest}`;
export const manifestKey = (repository: string, digest: string): string => `${prefixes.manifests}${repository}/@/${digest}`;
export const snapshotKey = (repository: string, digest: string): string => `snapshots/${repository}/@/${digest}`;

/** The digest that a key of blobs or layers ends with. */
export function digestOfKey(key: string): Digest {
  return `sha256:${key.slice(key.lastIndexOf('/') + 1)}`;
}

/** Repository and name in it, of the keys `<kind>/<repository>/@/<name>`. */
export function placeOf(key: string): { readonly repository: string; readonly name: string } {
  const at = key.indexOf('/@/');
  return { repository: key.slice(key.indexOf('/') + 1, at), name: key.slice(at + 3) };
}
