import type * as z from 'zod/mini';
import type { ObjectStore } from '../core/index.ts';
import { readRecord } from './json-objects.ts';
import { inRepository, placeOf, type RecordKind } from './keys.ts';
import { mapAhead } from './read-ahead.ts';

/** Records of a list that are read at the same time. */
const recordsAhead = 8;

/** The records below a prefix in ascending order; one that is removed while the list is read is left out. */
export async function* recordsBelow<T>(
  objects: ObjectStore,
  prefix: string,
  schema: z.ZodMiniType<T>,
  { after, signal }: { readonly after?: string; readonly signal?: AbortSignal },
): AsyncGenerator<{ name: string; record: T }> {
  const keys = objects.list(prefix, { ...(after !== undefined && { after: `${prefix}${after}` }), ...(signal && { signal }) });
  for await (const found of mapAhead(keys, recordsAhead, async ({ key }) => ({
    key,
    read: await readRecord(objects, key, schema, signal),
  }))) {
    if (found.read) yield { name: found.key.slice(prefix.length), record: found.read.record };
  }
}

async function firstKey(objects: ObjectStore, prefix: string, after?: string, signal?: AbortSignal): Promise<string | undefined> {
  for await (const { key } of objects.list(prefix, { ...(after && { after }), ...(signal && { signal }) })) return key;
  return undefined;
}

/** Names of the repositories that have a record of any of these kinds, in ascending order. */
export async function repositoriesWith(objects: ObjectStore, kinds: readonly RecordKind[], signal?: AbortSignal): Promise<string[]> {
  const names = new Set<string>();
  for (const kind of kinds) {
    for (let key = await firstKey(objects, `${kind}/`, undefined, signal); key !== undefined; ) {
      const name = placeOf(key).repository;
      names.add(name);
      // `~` is behind everything a key may hold: on to the next repository without reading the rest of this one.
      key = await firstKey(objects, `${kind}/`, `${inRepository(kind, name)}~`, signal);
    }
  }
  // Keys order by `/` and `@` too, names do not.
  return [...names].sort();
}

export async function hasRecords(objects: ObjectStore, kind: RecordKind, repository: string, signal?: AbortSignal): Promise<boolean> {
  return (await firstKey(objects, inRepository(kind, repository), undefined, signal)) !== undefined;
}
