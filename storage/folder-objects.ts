import { link, mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestHex, digestOf, type ObjectInfo, type ObjectStore } from '../core/index.ts';
import { type Bytes, exactly, noBytes, onePiece } from './byte-streams.ts';
import { throwIfCancelled } from './cancellation.ts';
import {
  folderError,
  ifPresent,
  makeEtagUnique,
  makeFolder,
  removeIfPresent,
  replaceFile,
  stateOf,
  syncFolder,
  translated,
  walkFolder,
} from './folder-files.ts';
import { removeLeftovers, temporaryName } from './folder-leftovers.ts';
import { isErrno, withFileLock } from './folder-lock.ts';
import { filePath } from './folder-paths.ts';
import { filePieces, readSmall } from './folder-reads.ts';
import { createSmallObjects } from './small-objects.ts';
import { conflict } from './storage-errors.ts';

/** Objects up to this size are read at once, and the latest of them are kept in memory. */
const smallBytes = 64 * 1024;
const keptSmallBytes = 8 * 1024 * 1024;

export type FolderObjectsOptions = { readonly folder: string; readonly newId: () => string };

/**
 * Objects as files of one folder, for any number of processes of one machine at once. A write goes to a file of its own in the same file
 * system, is forced to the disk and then takes its name in one step; what a killed process leaves is under `~tmp`, where no key lies,
 * and is removed at the next start.
 * @throws DynDataError ACCESS_DENIED, STORAGE_FAILED where the folder cannot be made.
 */
export async function createFolderObjects({ folder, newId }: FolderObjectsOptions): Promise<ObjectStore> {
  const temporaryFolder = join(folder, '~tmp');
  const lockFolder = join(folder, '~locks');
  await translated(async () => {
    await mkdir(temporaryFolder, { recursive: true });
    await mkdir(lockFolder, { recursive: true });
    await removeLeftovers(temporaryFolder);
  });

  const small = createSmallObjects(keptSmallBytes);

  const locked = <T>(key: string, work: () => T, signal?: AbortSignal): Promise<T> =>
    withFileLock(join(lockFolder, digestHex(digestOf(key))), work, signal);

  /** The finished file under its temporary name. */
  const writeTemporary = async (path: string, key: string, bytes: Bytes, sizeBytes: number, signal?: AbortSignal): Promise<ObjectInfo> => {
    const file = await translated(() => open(path, 'wx'));
    try {
      for await (const piece of exactly(bytes, sizeBytes, key, signal)) await translated(() => file.writeFile(piece));
      return await translated(async () => {
        await makeEtagUnique(file);
        await file.sync();
        return bare(stateOf(key, await file.stat({ bigint: true })));
      });
    } finally {
      await file.close();
    }
  };

  return {
    async stat(key, signal) {
      const path = filePath(folder, key);
      throwIfCancelled(signal);
      const state = await translated(() => ifPresent(() => stat(path, { bigint: true })));
      return state?.isFile() ? stateOf(key, state) : undefined;
    },

    async read(key, { range, etag, isDoneWithPieces = false, signal } = {}) {
      const path = filePath(folder, key);
      throwIfCancelled(signal);
      if (!range && etag === undefined && small.has(key)) {
        // The file as it is now, asked for now: what is kept only saves reading the same bytes again.
        const state = await translated(() => ifPresent(() => stat(path, { bigint: true })));
        if (!state?.isFile()) return undefined;
        const { trace, ...found } = stateOf(key, state);
        const bytes = small.get(key, trace);
        if (bytes) return { info: bare(found), trace, bytes: onePiece(bytes) };
      }
      const file = await translated(() => ifPresent(() => open(path, 'r')));
      if (!file) return undefined;
      const state = await translated(() => file.stat({ bigint: true }));
      const { trace, ...found } = stateOf(key, state);
      const info = bare(found);
      if (etag !== undefined && etag !== info.etag) {
        await file.close();
        throw conflict(key);
      }
      const start = range?.start ?? 0;
      const end = Math.min(range?.end ?? info.sizeBytes, info.sizeBytes);
      if (!state.isFile() || start >= end) {
        await file.close();
        return state.isFile() ? { info, trace, bytes: noBytes } : undefined;
      }
      if (end - start > smallBytes) return { info, trace, bytes: filePieces(file, { start, end, isDoneWithPieces, signal }) };
      const bytes = await readSmall(file, start, end);
      if (!range) small.keep(key, trace, bytes);
      return { info, trace, bytes: onePiece(bytes) };
    },

    async *list(prefix, { after, signal } = {}) {
      // The folder that the prefix names is the only one that can hold any of them.
      const above = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      yield* walkFolder(above === '' ? folder : filePath(folder, above.slice(0, -1)), above, { prefix, after, signal });
    },

    async write(key, bytes, { sizeBytes, condition, signal }) {
      const path = filePath(folder, key);
      throwIfCancelled(signal);
      const temporary = join(temporaryFolder, temporaryName(newId()));
      try {
        const info = await writeTemporary(temporary, key, bytes, sizeBytes, signal);
        await translated(() => makeFolder(dirname(path)));
        throwIfCancelled(signal);
        if (condition === 'absent') await linkNew(key, temporary, path);
        else await translated(() => locked(key, () => replaceFile(key, temporary, path, condition?.etag), signal));
        await translated(() => syncFolder(dirname(path)));
        return info;
      } finally {
        await rm(temporary, { force: true });
      }
    },

    async remove(key, signal) {
      const path = filePath(folder, key);
      throwIfCancelled(signal);
      await translated(() => locked(key, () => removeIfPresent(path), signal));
    },
  };
}

function bare({ key, sizeBytes, etag }: ObjectInfo): ObjectInfo {
  return { key, sizeBytes, etag };
}

/** A link fails where the name exists already: the one atomic "create if absent" for a finished file. */
async function linkNew(key: string, finished: string, path: string): Promise<void> {
  try {
    await link(finished, path);
  } catch (error) {
    throw isErrno(error, 'EEXIST') ? conflict(key, error) : folderError(error);
  }
}
