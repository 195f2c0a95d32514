import { type Digest, isDigest, type ObjectStore } from '../../core/index.ts';
import { digestOfKey, layerKey, manifestKey, placeOf, prefixes } from '../keys.ts';
import { mapAhead } from '../read-ahead.ts';
import { createDigestSet, type DigestSet, keyDigest } from './digest-set.ts';
import { namedDigests } from './named-digests.ts';

/** Records that are read at the same time. */
export const recordsAhead = 16;

/**
 * What manifests reach. Every stored manifest is a root, whether a tag names it or not: people pin and pull by digest, and only retention
 * and deletion take manifests away. From a manifest everything is reached that it names: its config and layers, an index's manifests, a
 * referrer's subject; from a composed layer its pieces.
 */
export type Reachable = {
  readonly digests: DigestSet;
  readonly manifests: number;
  /** Whether a manifest of the repository names the digest, which may be by SHA-512. */
  isNamedIn(repository: string, digest: string): boolean;
  hasManifest(repository: string, digest: string): boolean;
  /** Reads the manifests that were not there before. Gives how many there were. */
  update(signal?: AbortSignal): Promise<number>;
  /** Adds what is to be kept for another reason than a manifest, with what it reaches. */
  reach(digests: Iterable<Digest>, signal?: AbortSignal): Promise<void>;
};

export async function findReachable(objects: ObjectStore, signal?: AbortSignal): Promise<Reachable> {
  const digests = createDigestSet();
  const reach = createReach(objects, digests);
  const readManifests = createDigestSet();
  const namedByRepository = new Map<string, Set<string>>();
  const manifestKeys = new Set<string>();

  const update = async (reading?: AbortSignal): Promise<number> => {
    const roots: Digest[] = [];
    let added = 0;
    const unread = async function* (): AsyncGenerator<string> {
      for await (const { key } of objects.list(prefixes.manifests, reading && { signal: reading })) {
        if (!readManifests.has(keyDigest(key))) yield key;
      }
    };
    const read = async (key: string) => ({ key, named: await namedDigests(objects, key, reading) });
    for await (const { key, named } of mapAhead(unread(), recordsAhead, read)) {
      if (!named) continue;
      readManifests.add(keyDigest(key));
      manifestKeys.add(key);
      added += 1;
      const { repository } = placeOf(key);
      const inRepository = namedByRepository.get(repository) ?? new Set();
      namedByRepository.set(repository, inRepository);
      for (const digest of named) {
        inRepository.add(digest);
        if (isDigest(digest)) roots.push(digest);
      }
    }
    await reach(roots, reading);
    return added;
  };

  await update(signal);
  return {
    digests,
    get manifests() {
      return manifestKeys.size;
    },
    isNamedIn: (repository, digest) => namedByRepository.get(repository)?.has(digest) ?? false,
    hasManifest: (repository, digest) => manifestKeys.has(manifestKey(repository, digest)),
    update,
    reach,
  };
}

/** Adds digests to a set, with the pieces of those that are composed. */
export function createReach(objects: ObjectStore, digests: DigestSet): Reachable['reach'] {
  return async (roots, signal) => {
    let frontier = [...roots].filter((digest) => digests.add(digest));
    if (frontier.length === 0) return;
    // Listed after the roots were read: a layer is stored before whatever names it, so none is missed.
    const layers = new Set<string>();
    for await (const { key } of objects.list(prefixes.layers, signal && { signal })) layers.add(digestOfKey(key));
    while (frontier.length > 0) {
      const next: Digest[] = [];
      const composed = frontier.filter((digest) => layers.has(digest));
      const read = (digest: Digest) => namedDigests(objects, layerKey(digest), signal);
      for await (const named of mapAhead(composed, recordsAhead, read)) {
        for (const digest of named ?? []) if (isDigest(digest) && digests.add(digest)) next.push(digest);
      }
      frontier = next;
    }
  };
}
