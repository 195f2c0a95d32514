import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { unwritable } from './unwritable.ts';

/** @throws DynDataError DISK_FULL, ACCESS_DENIED for what cannot be written at this place; the rest as it is */
export async function writingAt<T>(place: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw unwritable(place, error) ?? error;
  }
}

/** A file that is written whole or not at all. @throws as writingAt */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const beside = `${path}.${randomUUID()}`;
  await writingAt(path, async () => {
    try {
      await writeFile(beside, content);
      await rename(beside, path);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  });
}

/** A file that is not there yet, whole or not at all. @throws as writingAt; what the system says where it is there */
export async function writeNew(path: string, content: string): Promise<void> {
  await writingAt(path, async () => {
    try {
      await writeFile(path, content, { flag: 'wx' });
    } catch (error) {
      // Begun, and without room for the rest.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(path, { force: true }).catch(() => undefined);
      throw error;
    }
  });
}
