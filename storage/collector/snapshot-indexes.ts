import * as z from 'zod/mini';
import { type Digest, digestPattern, type ObjectStore } from '../../core/index.ts';
import { readRecord } from '../json-objects.ts';
import { placeOf, prefixes } from '../keys.ts';
import { mapAhead } from '../read-ahead.ts';

const recordSchema = z.object({ content: z.string() });
const indexSchema = z.object({ manifests: z.array(z.object({ digest: z.string() })) });
const manifestsAhead = 16;

/**
 * Which image indexes of a repository have which manifests in them: pulling such an index needs them all. That a signature or another
 * referrer names a snapshot as its subject is no reason to keep the snapshot.
 */
export async function indexesBySnapshot(
  objects: ObjectStore,
  repository: string,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Digest[]>> {
  const indexes = new Map<string, Digest[]>();
  const keys = objects.list(`${prefixes.manifests}${repository}/@/`, signal && { signal });
  const read = async ({ key }: { key: string }) => ({ key, found: await readRecord(objects, key, recordSchema, signal) });
  for await (const { key, found } of mapAhead(keys, manifestsAhead, read)) {
    const { name } = placeOf(key);
    if (!found || !digestPattern.test(name)) continue;
    for (const digest of manifestsIn(found.record.content)) indexes.set(digest, [...(indexes.get(digest) ?? []), name as Digest]);
  }
  return indexes;
}

function manifestsIn(content: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return [];
  }
  const parsed = indexSchema.safeParse(value);
  return parsed.success ? parsed.data.manifests.map(({ digest }) => digest) : [];
}
