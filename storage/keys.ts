import { type Digest, digestHex } from '../core/index.ts';

/** Where objects of a kind stand. Stores write by these keys, and the collector removes by them. */
export const prefixes = {
  blobs: 'blobs/sha256/',
  layers: 'layers/sha256/',
  recipes: 'recipes/sha256/',
  chunks: 'chunks/',
  links: 'links/',
  manifests: 'manifests/',
  referrers: 'referrers/',
  tags: 'tags/',
  uploads: 'uploads/',
} as const;

export type RecordKind = 'links' | 'manifests' | 'pins' | 'referrers' | 'snapshots' | 'tags';

/**
 * `@` ends the repository in a key: no part of a repository's name is `@`, so the keys of `a` and of `a/b` never meet, and neither do
 * a repository's name and what lies in it.
 */
export const inRepository = (kind: RecordKind, repository: string): string => `${kind}/${repository}/@/`;

export const blobKey = (digest: Digest): string => `${prefixes.blobs}${digestHex(digest)}`;
export const layerKey = (digest: Digest): string => `${prefixes.layers}${digestHex(digest)}`;
export const recipeKey = (recipe: Digest): string => `${prefixes.recipes}${digestHex(recipe)}`;

export const linkKey = (repository: string, digest: string): string => `${inRepository('links', repository)}${digest}`;
export const manifestKey = (repository: string, digest: string): string => `${inRepository('manifests', repository)}${digest}`;
export const snapshotKey = (repository: string, digest: string): string => `${inRepository('snapshots', repository)}${digest}`;

/** The digest that a key of blobs or layers ends with. */
export function digestOfKey(key: string): Digest {
  return `sha256:${key.slice(key.lastIndexOf('/') + 1)}`;
}

/** Repository and name in it, of the keys `<kind>/<repository>/@/<name>`. */
export function placeOf(key: string): { readonly repository: string; readonly name: string } {
  const at = key.indexOf('/@/');
  return { repository: key.slice(key.indexOf('/') + 1, at), name: key.slice(at + 3) };
}
