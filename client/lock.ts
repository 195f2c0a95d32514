import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError } from '../core/errors.ts';
import type { Context } from './context.ts';
import { makeStateFolder, type Project } from './project.ts';
import { writeNew, writeWhole } from './writing.ts';

/** How long a take-over of a stale lock waits to see whether somebody else took it over at the same moment. */
const settleMs = 100;

/**
 * One changing command at a time in a project, held by a file with the process's id. The file of a process that died is recognised
 * and taken over. Released on disposal.
 * @param options.makesRoom the command goes on without the file where there is no room for it: nobody can be asked to make room first.
 * @throws DynDataError CONFLICT naming the process that holds it, DISK_FULL, ACCESS_DENIED
 */
export async function lockProject(
  project: Project,
  holder: Context['process'],
  options: { readonly makesRoom?: boolean } = {},
): Promise<AsyncDisposable> {
  try {
    return await takeLock(project, holder);
  } catch (error) {
    if (options.makesRoom && error instanceof DynDataError && error.code === 'DISK_FULL')
      return { [Symbol.asyncDispose]: async () => undefined };
    throw error;
  }
}

async function takeLock(project: Project, holder: Context['process']): Promise<AsyncDisposable> {
  await makeStateFolder(project);
  const path = join(project.stateFolder, 'lock');
  const own = `${JSON.stringify({ pid: holder.pid, host: holder.host })}\n`;
  const release = { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
  try {
    await writeNew(path, own);
    return release;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const found = await readFile(path, 'utf8').catch(() => '');
  const other = parseHolder(found);
  if (other && other.host !== holder.host) throw held(`process ${other.pid} on ${other.host}`, path);
  if (other && other.pid !== holder.pid && holder.isAlive(other.pid)) throw held(`process ${other.pid}`, path);
  await writeWhole(path, own);
  await sleep(settleMs);
  if ((await readFile(path, 'utf8').catch(() => '')) !== own) throw held('another process', path);
  return release;
}

function held(who: string, path: string): DynDataError {
  return new DynDataError(
    'CONFLICT',
    `Another dyn-data command is at work in this project (${who}). Wait until it has ended, then try again; if it is gone for certain, remove ${path}.`,
  );
}

function parseHolder(text: string): { pid: number; host: string } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('host' in value)) return undefined;
    return typeof value.pid === 'number' && typeof value.host === 'string' ? { pid: value.pid, host: value.host } : undefined;
  } catch {
    return undefined;
  }
}
