import { type BlobStore, DynDataError, isDigest, type ObjectStore, type Upload, type Uploads } from '../core/index.ts';
import { damagedRecord, readRecord, writeRecord } from './json-objects.ts';
import { storeProven } from './proven-blobs.ts';
import { mapAhead } from './read-ahead.ts';
import { followedBy, type Held, heldBytes, pieceBytes, piecesOf } from './upload-pieces.ts';
import { pieceKey, pieceName, sessionKey, sessionSchema, storedUploads } from './upload-session.ts';

/** Pieces being written at the same time: one is on its way while the next comes in. */
const piecesInFlight = 2;
/** Pieces of a finished upload that are open at the same time. */
const piecesAhead = 4;
/** Keeps a session's record within a few megabytes: 80 GB in pieces of ours, or this many requests. */
const maxPieces = 20_000;
const idPattern = /^[0-9a-f-]{36}$/;

export type UploadsOptions = { readonly clock: () => Date /** UUIDs that nobody can guess. */; readonly newId: () => string };

/**
 * Uploads over any object store: `uploads/<id>/session` says what was taken, `uploads/<id>/<time>-<id>` are the pieces. A finished
 * upload is copied into one blob: it is written once and read many times, and only a blob in one object can be redirected to.
 */
export function createUploads(objects: ObjectStore, blobs: BlobStore, { clock, newId }: UploadsOptions): Uploads {
  type State = Pick<Upload, 'id' | 'repository' | 'pieces'>;

  const writeSession = async (state: State, condition: 'absent' | { etag: string }, signal?: AbortSignal): Promise<Upload> => {
    const { id, repository, pieces } = state;
    const record = { version: 1, repository, updatedAt: clock().toISOString(), pieces };
    const { etag } = await writeRecord(objects, sessionKey(id), record, { condition, signal });
    return { id, repository, pieces, etag, sizeBytes: totalBytes(pieces) };
  };

  const begin = (repository: string, signal?: AbortSignal): Promise<Upload> =>
    writeSession({ id: newId(), repository, pieces: [] }, 'absent', signal);

  const removeAll = async (keys: Iterable<string>, signal?: AbortSignal): Promise<void> => {
    for await (const removed of mapAhead(keys, piecesAhead, (key) => objects.remove(key, signal))) void removed;
  };

  /** After a failure: it is that failure that counts, and what stays now goes with the abandoned uploads. */
  const removeQuietly = (keys: Iterable<string>): Promise<void> => removeAll(keys).catch(() => undefined);

  const cancel = async ({ id }: Upload, signal?: AbortSignal): Promise<void> => {
    // First, so that nobody goes on with an upload whose pieces are going.
    await objects.remove(sessionKey(id), signal);
    const keys: string[] = [];
    for await (const { key } of objects.list(`uploads/${id}/`, signal && { signal })) keys.push(key);
    await removeAll(keys, signal);
  };

  const append = async (upload: Upload, bytes: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<Upload> => {
    const { id } = upload;
    const written: { name: string; sizeBytes: number }[] = [];
    const inFlight: Promise<unknown>[] = [];
    try {
      for await (const piece of piecesOf(bytes)) {
        if (upload.pieces.length + written.length >= maxPieces) throw tooManyPieces();
        const { sizeBytes } = piece;
        const name = pieceName(clock(), newId());
        written.push({ name, sizeBytes });
        const writing = objects.write(pieceKey(id, name), heldBytes(piece), { sizeBytes, ...(signal && { signal }) });
        // Reported when its turn comes; until then it must not count as unhandled.
        writing.catch(() => undefined);
        inFlight.push(writing);
        if (inFlight.length >= piecesInFlight) await inFlight.shift();
      }
      await Promise.all(inFlight);
      if (written.length === 0) return upload;
      return await writeSession({ ...upload, pieces: [...upload.pieces, ...written] }, { etag: upload.etag }, signal);
    } catch (error) {
      await Promise.allSettled(inFlight);
      await removeQuietly(written.map(({ name }) => pieceKey(id, name)));
      throw error;
    }
  };

  async function* bytesOf({ id, pieces }: Upload, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    // Fired at the end in any case: it releases what was opened ahead and is not wanted any more.
    const ending = new AbortController();
    const reading = signal ? AbortSignal.any([signal, ending.signal]) : ending.signal;
    const open = async ({ name }: Upload['pieces'][number]): Promise<AsyncIterable<Uint8Array>> => {
      const found = await objects.read(pieceKey(id, name), { signal: reading });
      if (!found) throw damagedRecord(pieceKey(id, name));
      return found.bytes;
    };
    try {
      for await (const piece of mapAhead(pieces, piecesAhead, open)) yield* piece;
    } finally {
      ending.abort();
    }
  }

  const complete: Uploads['complete'] = async (upload, digest, signal) => {
    try {
      const source = { sizeBytes: upload.sizeBytes, read: () => bytesOf(upload, signal) };
      const blob = await storeProven(blobs, digest, source, signal);
      await cancel(upload, signal);
      return blob;
    } catch (error) {
      if (error instanceof DynDataError && error.code === 'DIGEST_MISMATCH') await cancel(upload, signal);
      throw error;
    }
  };

  return {
    begin,
    append,
    complete,
    cancel,

    async find(repository, id, signal) {
      if (!idPattern.test(id)) return undefined;
      const found = await readRecord(objects, sessionKey(id), sessionSchema, signal);
      if (found?.record.repository !== repository) return undefined;
      const { pieces } = found.record;
      return { id, repository, pieces, etag: found.info.etag, sizeBytes: totalBytes(pieces) };
    },

    async receive(repository, digest, bytes, { sizeBytes, signal } = {}) {
      const pieces = piecesOf(bytes);
      const first = await pieces.next();
      const held: Held = first.done ? { pieces: [], sizeBytes: 0 } : first.value;
      // Most blobs are this small: no need to write them twice.
      if (held.sizeBytes < pieceBytes) {
        return storeProven(blobs, digest, { sizeBytes: held.sizeBytes, read: () => heldBytes(held) }, signal);
      }
      const whole = followedBy(heldBytes(held), pieces);
      if (isDigest(digest) && sizeBytes !== undefined) return storeProven(blobs, digest, { sizeBytes, read: () => whole }, signal);
      const upload = await begin(repository, signal);
      try {
        return await complete(await append(upload, whole, signal), digest, signal);
      } catch (error) {
        await cancel(upload).catch(() => undefined);
        throw error;
      }
    },

    async removeAbandoned(before, signal) {
      let removed = 0;
      for await (const { keys, usedAt } of storedUploads(objects, signal)) {
        if (usedAt >= before) continue;
        const [session = '', ...pieces] = keys;
        await objects.remove(session, signal);
        await removeAll(pieces, signal);
        removed += 1;
      }
      return removed;
    },
  };
}

function totalBytes(pieces: Upload['pieces']): number {
  return pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function tooManyPieces(): DynDataError {
  return new DynDataError('REQUEST_INVALID', `The upload has more than ${maxPieces} pieces. Start it again and send larger ones.`);
}
