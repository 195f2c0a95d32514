import * as z from 'zod/mini';
import type { ObjectStore } from '../core/index.ts';
import { readRecord } from './json-objects.ts';

export const sessionSchema = z.strictObject({
  version: z.literal(1),
  repository: z.string(),
  updatedAt: z.string(),
  pieces: z.array(z.strictObject({ name: z.string(), sizeBytes: z.int().check(z.positive()) })),
});

export const sessionKey = (id: string): string => `uploads/${id}/session`;
export const pieceKey = (id: string, name: string): string => `uploads/${id}/${name}`;

/** The time tells how old a piece is that belongs to no session. */
export function pieceName(now: Date, id: string): string {
  return `${now.getTime().toString(36)}-${id}`;
}

function timeOfPiece(key: string): number {
  const [time = ''] = key.slice(key.lastIndexOf('/') + 1).split('-');
  return Number.parseInt(time, 36) || 0;
}

/**
 * Uploads in which nothing was done since `before`: their keys, the session's first, so that nobody goes on with one whose pieces are
 * going.
 */
export async function* abandonedUploads(objects: ObjectStore, before: Date, signal?: AbortSignal): AsyncGenerator<string[]> {
  for await (const keys of keysByUpload(objects, signal)) {
    const [first = ''] = keys;
    const session = sessionKey(first.split('/')[1] ?? '');
    const pieces = keys.filter((key) => key !== session);
    const found = pieces.length < keys.length ? await readRecord(objects, session, sessionSchema, signal) : undefined;
    const latest = Math.max(Date.parse(found?.record.updatedAt ?? '') || 0, ...pieces.map(timeOfPiece));
    if (latest < before.getTime()) yield [session, ...pieces];
  }
}

async function* keysByUpload(objects: ObjectStore, signal?: AbortSignal): AsyncGenerator<string[]> {
  let keys: string[] = [];
  for await (const { key } of objects.list('uploads/', signal && { signal })) {
    if (keys[0] !== undefined && keys[0].split('/')[1] !== key.split('/')[1]) {
      yield keys;
      keys = [];
    }
    keys.push(key);
  }
  if (keys.length > 0) yield keys;
}
