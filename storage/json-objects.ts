import type * as z from 'zod/mini';
import { DynDataError, type ObjectInfo, type ObjectStore, type WriteCondition } from '../core/index.ts';
import { gather } from './byte-streams.ts';

/** Far above any record or recipe of ours; a larger object under such a key is none of them. */
const maxRecordBytes = 64 * 1024 * 1024;

/**
 * A small JSON record, the state it was read in and its trace, undefined where the key does not exist.
 * @throws DynDataError DIGEST_MISMATCH for one that is damaged.
 */
export async function readRecord<T>(
  objects: ObjectStore,
  key: string,
  schema: z.ZodMiniType<T>,
  signal?: AbortSignal,
): Promise<{ record: T; info: ObjectInfo; trace?: string | undefined } | undefined> {
  const found = await objects.read(key, signal && { signal });
  if (!found) return undefined;
  if (found.info.sizeBytes > maxRecordBytes) {
    // Left at its first piece, which releases it.
    for await (const _piece of found.bytes) break;
    throw damagedRecord(key);
  }
  let value: unknown;
  const bytes = await gather(found.bytes);
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damagedRecord(key, cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw damagedRecord(key, parsed.error);
  return { record: parsed.data, info: found.info, trace: found.trace };
}

/** @throws CONFLICT where `condition` does not hold. */
export async function writeRecord(
  objects: ObjectStore,
  key: string,
  record: unknown,
  options: { readonly condition?: WriteCondition | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<ObjectInfo> {
  const bytes = new TextEncoder().encode(JSON.stringify(record));
  const { condition, signal } = options;
  return objects.write(key, bytes, { sizeBytes: bytes.byteLength, ...(condition && { condition }), ...(signal && { signal }) });
}

/** Writes what can only ever have this content, so that finding it written already is success. */
export async function writeOnce(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof DynDataError && error.code === 'CONFLICT')) throw error;
  });
}

export function damagedRecord(key: string, cause?: unknown): DynDataError {
  const message = `The stored object ${key} is damaged. Restore it from a backup of the storage, or remove it and build the snapshot again.`;
  return new DynDataError('DIGEST_MISMATCH', message, { cause });
}
