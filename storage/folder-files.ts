import { type BigIntStats, type Dirent, renameSync, statSync, unlinkSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DynDataError, type ObjectState } from '../core/index.ts';
import { throwIfCancelled } from './cancellation.ts';
import { isErrno } from './folder-lock.ts';
import { segmentOf } from './folder-paths.ts';
import { conflict } from './storage-errors.ts';

/** An error of the file system as one of ours, by its code. The path is in the cause only. */
export function folderError(error: unknown): DynDataError {
  if (error instanceof DynDataError) return error;
  if (isErrno(error, 'EACCES', 'EPERM', 'EROFS')) {
    const message =
      'The storage folder may not be read or written. Give the user that runs the registry the right to, or configure another folder.';
    return new DynDataError('ACCESS_DENIED', message, { cause: error });
  }
  if (isErrno(error, 'ENOSPC', 'EDQUOT')) {
    return new DynDataError('STORAGE_FAILED', 'The disk of the storage folder is full. Free some space, then try again.', { cause: error });
  }
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  const message = `The storage folder failed${code}. Check that it exists, is a folder and that its disk works, then try again.`;
  return new DynDataError('STORAGE_FAILED', message, { cause: error });
}

export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw folderError(error);
  }
}

/** Undefined where the file, or a folder on its way, does not exist. */
export async function ifPresent<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

export function stateOf(key: string, state: BigIntStats): ObjectState & { readonly trace: string } {
  const etag = etagOf(state);
  // The time of the last change of the inode, which no program can set back. It also changes with names and rights, so it is no part of the etag.
  const trace = `${etag}-${state.ctimeNs.toString(36)}`;
  return { key, sizeBytes: Number(state.size), etag, trace, modifiedAt: new Date(Number(state.mtimeMs)) };
}

function etagOf(state: BigIntStats): string {
  return `${state.ino.toString(36)}-${state.mtimeNs.toString(36)}-${state.size.toString(36)}`;
}

/**
 * Inode numbers and clock ticks come again when files replace each other quickly; a random fraction of the second in the modification time
 * keeps the etags made of them apart.
 */
export async function makeEtagUnique(file: FileHandle): Promise<void> {
  const now = Date.now() / 1000;
  await file.utimes(now, Math.floor(now) + Math.random());
}

/** Gives the finished file its name, replacing what is there. To be run under the key's lock. @throws CONFLICT */
export function replaceFile(key: string, finished: string, path: string, expectedEtag: string | undefined): void {
  if (expectedEtag !== undefined) {
    const state = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (!state || etagOf(state) !== expectedEtag) throw conflict(key);
  }
  renameSync(finished, path);
}

export function removeIfPresent(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
  }
}

/** Makes the folder and those above it, and has the disk remember them. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Has the disk remember the names in a folder. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export type WalkOptions = { readonly prefix: string; readonly after?: string | undefined; readonly signal?: AbortSignal | undefined };

/** The objects below one folder in ascending order of their keys; folders that cannot hold a wanted key are not read. */
export async function* walkFolder(folder: string, keyPrefix: string, options: WalkOptions): AsyncGenerator<ObjectState> {
  const { prefix, after, signal } = options;
  throwIfCancelled(signal);
  const entries = await translated(() => ifPresent(() => readdir(folder, { withFileTypes: true })));
  for (const { entry, key } of keysOf(entries ?? [], keyPrefix)) {
    throwIfCancelled(signal);
    if (entry.isDirectory()) {
      const mayHold = key.startsWith(prefix) || prefix.startsWith(key);
      const isBefore = after !== undefined && key < after && !after.startsWith(key);
      if (mayHold && !isBefore) yield* walkFolder(join(folder, entry.name), key, options);
    } else if (key.startsWith(prefix) && (after === undefined || key > after)) {
      const state = await translated(() => ifPresent(() => stat(join(folder, entry.name), { bigint: true })));
      if (state?.isFile()) yield stateOf(key, state);
    }
  }
}

/** Folders get their `/` before they are sorted: `a-b` comes before `a/b`. */
function keysOf(entries: readonly Dirent[], keyPrefix: string): { entry: Dirent; key: string }[] {
  const keys: { entry: Dirent; key: string }[] = [];
  for (const entry of entries) {
    const segment = segmentOf(entry.name);
    if (segment !== undefined) keys.push({ entry, key: `${keyPrefix}${segment}${entry.isDirectory() ? '/' : ''}` });
  }
  return keys.sort((a, b) => (a.key < b.key ? -1 : 1));
}
