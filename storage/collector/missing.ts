import { type Digest, isDigest, type ObjectStore } from '../../core/index.ts';
import { blobKey, layerKey } from '../keys.ts';
import { mapAhead } from '../read-ahead.ts';
import { namedDigests } from './named-digests.ts';

/** Objects that are asked for at the same time. */
const looksAtOnce = 32;

/** The first digest that is not stored, of these and of the pieces of those that are composed. */
export async function firstMissing(objects: ObjectStore, digests: readonly Digest[], signal?: AbortSignal): Promise<Digest | undefined> {
  const seen = new Set<Digest>();
  for (let next = [...new Set(digests)]; next.length > 0; ) {
    const pieces: Digest[] = [];
    const lookAt = async (digest: Digest): Promise<Digest | undefined> => {
      if (await objects.stat(blobKey(digest), signal)) return undefined;
      const composed = await namedDigests(objects, layerKey(digest), signal);
      for (const piece of composed ?? []) if (isDigest(piece) && !seen.has(piece)) pieces.push(piece);
      return composed ? undefined : digest;
    };
    for (const digest of next) seen.add(digest);
    for await (const missing of mapAhead(next, looksAtOnce, lookAt)) if (missing) return missing;
    next = [...new Set(pieces)];
  }
  return undefined;
}
