import type { FileHandle } from 'node:fs/promises';
import { DynDataError } from '../core/index.ts';
import { cancellation } from './cancellation.ts';
import { folderError, translated } from './folder-files.ts';

const pieceBytes = 128 * 1024;
/** One that is being read, one that is given next, and one that whoever reads has not done with. */
const pieces = 3;

export type FilePiecesOptions = {
  readonly start: number;
  readonly end: number;
  /** Whether a piece may be written over when the one after the next is asked for. */
  readonly isDoneWithPieces: boolean;
  readonly signal?: AbortSignal | undefined;
};

/** The file's bytes [start, end), the next piece being read meanwhile. The file is closed at their end, where they are left early, and when `signal` fires. */
export function filePieces(file: FileHandle, { start, end, isDoneWithPieces, signal }: FilePiecesOptions): AsyncIterable<Uint8Array> {
  const close = (): void => {
    signal?.removeEventListener('abort', close);
    // A read that is under way comes to its end first. Of a file that was only read no failure to close it tells anything.
    void file.close().catch(() => undefined);
  };
  signal?.addEventListener('abort', close, { once: true });
  if (signal?.aborted) close();
  const rooms: Uint8Array[] = [];
  const roomFor = (index: number, sizeBytes: number): Uint8Array => {
    if (!isDoneWithPieces) return Buffer.allocUnsafeSlow(sizeBytes);
    const room = rooms[index % pieces] ?? Buffer.allocUnsafeSlow(Math.min(pieceBytes, end - start));
    rooms[index % pieces] = room;
    return room.subarray(0, sizeBytes);
  };
  const readPiece = async (index: number): Promise<Uint8Array | undefined> => {
    const at = start + index * pieceBytes;
    if (at >= end) return undefined;
    const room = roomFor(index, Math.min(pieceBytes, end - at));
    await fill(file, room, at);
    return room;
  };
  return {
    async *[Symbol.asyncIterator]() {
      try {
        let next = readPiece(0);
        for (let index = 1; ; index += 1) {
          const piece = await next;
          if (!piece) return;
          next = readPiece(index);
          // Reported when its turn comes; until then it must not count as unhandled.
          next.catch(() => undefined);
          yield piece;
        }
      } catch (error) {
        throw signal?.aborted ? cancellation(signal) : folderError(error);
      } finally {
        close();
      }
    },
  };
}

/** The file's bytes [start, end), which are few, and the file closed. */
export async function readSmall(file: FileHandle, start: number, end: number): Promise<Uint8Array> {
  try {
    const room = Buffer.allocUnsafeSlow(end - start);
    await translated(() => fill(file, room, start));
    return room;
  } finally {
    await file.close();
  }
}

async function fill(file: FileHandle, room: Uint8Array, at: number): Promise<void> {
  for (let filled = 0; filled < room.byteLength; ) {
    const { bytesRead } = await file.read(room, filled, room.byteLength - filled, at + filled);
    if (bytesRead === 0)
      throw new DynDataError('STORAGE_FAILED', 'A file of the storage folder became shorter while it was read. Try again.');
    filled += bytesRead;
  }
}
