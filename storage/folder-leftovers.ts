import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, isGone, thisProcess } from './folder-lock.ts';

/** No write lasts this long; older files belong to nobody, even where their process cannot be asked. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/** Name of an unfinished write's file: says whose it is, so that another process can tell a leftover from a write in progress. */
export function temporaryName(id: string): string {
  const owner = thisProcess();
  return `${owner.host}.${owner.pid}.${id}`;
}

/** Removes the files of writes that a killed process left. Those of living processes, here or on other machines, stay. */
export async function removeLeftovers(temporaryFolder: string): Promise<void> {
  for (const name of await readdir(temporaryFolder)) {
    const path = join(temporaryFolder, name);
    const [host = '', pid = ''] = name.split('.');
    if (isGone({ host, pid: Number(pid) }) || (await isAbandoned(path, host, Number(pid)))) await rm(path, { force: true });
  }
}

async function isAbandoned(path: string, host: string, pid: number): Promise<boolean> {
  const state = await stat(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (!state) return false;
  // In a container every start may have the same process id: a file with ours that is older than we are was left by a predecessor.
  const self = thisProcess();
  const isPredecessors =
    host === self.host && pid === self.pid && state.birthtimeMs > 0 && state.birthtimeMs < performance.timeOrigin - 1000;
  return isPredecessors || Date.now() - state.mtimeMs > abandonedAfterMs;
}
