import * as z from 'zod/mini';
import { DynDataError, type ObjectState, type ObjectStore } from '../core/index.ts';
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

/** One upload as it is stored. */
export type StoredUpload = {
  /** The session's first, so that nobody goes on with one whose pieces are going. */
  readonly keys: readonly string[];
  readonly objects: readonly ObjectState[];
  /** When something was done in it last, as its records say. */
  readonly usedAt: Date;
};

export async function* storedUploads(objects: ObjectStore, signal?: AbortSignal): AsyncGenerator<StoredUpload> {
  for await (const states of statesByUpload(objects, signal)) {
    const keys = states.map(({ key }) => key);
    const session = sessionKey(keys[0]?.split('/')[1] ?? '');
    const pieces = keys.filter((key) => key !== session);
    const sessionMs = await timeOfSession(objects, states, signal);
    const usedAtMs = Math.max(sessionMs, ...pieces.map(timeOfPiece));
    yield { keys: [session, ...pieces], objects: states, usedAt: new Date(usedAtMs) };
  }
}

/** Of a damaged one it is known when it was written. */
async function timeOfSession(objects: ObjectStore, states: readonly ObjectState[], signal?: AbortSignal): Promise<number> {
  const state = states.find(({ key }) => key.endsWith('/session'));
  if (!state) return 0;
  try {
    const found = await readRecord(objects, state.key, sessionSchema, signal);
    return Date.parse(found?.record.updatedAt ?? '') || 0;
  } catch (error) {
    if (error instanceof DynDataError && error.code === 'DIGEST_MISMATCH') return state.modifiedAt.getTime();
    throw error;
  }
}

async function* statesByUpload(objects: ObjectStore, signal?: AbortSignal): AsyncGenerator<ObjectState[]> {
  let states: ObjectState[] = [];
  for await (const state of objects.list('uploads/', signal && { signal })) {
    if (states[0] !== undefined && states[0].key.split('/')[1] !== state.key.split('/')[1]) {
      yield states;
      states = [];
    }
    states.push(state);
  }
  if (states.length > 0) yield states;
}
