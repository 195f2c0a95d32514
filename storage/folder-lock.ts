import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfCancelled } from './cancellation.ts';

/** A lock is held for a few system calls; one this old was left by a killed process, wherever it ran. */
const staleAfterMs = 10_000;
const breakerStaleAfterMs = 60_000;

export type FileOwner = { readonly host: string; readonly pid: number };

export const thisProcess = (): FileOwner => ({ host: hostname().replaceAll(/[^A-Za-z0-9-]/g, '-'), pid: process.pid });

/** True only where the owner is known to be gone: it ran on this machine and no process has its number. */
export function isGone(owner: FileOwner): boolean {
  if (owner.host !== thisProcess().host) return false;
  try {
    process.kill(owner.pid, 0);
    return false;
  } catch (error) {
    return isErrno(error, 'ESRCH');
  }
}

export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/**
 * Runs `work` while this process, and no other, holds `lockFile`. `work` is synchronous: so the lock is never held over a wait, and
 * a process that is killed while it holds the lock must be killed between a few neighbouring system calls.
 */
export async function withFileLock<T>(lockFile: string, work: () => T, signal?: AbortSignal): Promise<T> {
  while (!createFile(lockFile)) {
    throwIfCancelled(signal);
    if (isStale(lockFile)) breakLock(lockFile);
    else await sleep(1 + Math.random() * 9);
  }
  try {
    return work();
  } finally {
    removeFile(lockFile);
  }
}

function createFile(path: string): boolean {
  try {
    const file = openSync(path, 'wx');
    const owner = thisProcess();
    writeSync(file, `${owner.host} ${owner.pid}`);
    closeSync(file);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

function ageMs(path: string): number {
  const state = statSync(path, { throwIfNoEntry: false });
  return state ? Date.now() - state.mtimeMs : 0;
}

function isStale(lockFile: string): boolean {
  if (ageMs(lockFile) > staleAfterMs) return true;
  let text: string;
  try {
    text = readFileSync(lockFile, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
  const [host, pid] = text.split(' ');
  return host !== undefined && pid !== undefined && isGone({ host, pid: Number(pid) });
}

/**
 * Removes a stale lock. Only the holder of a second file may do so, and looks again once it holds it: else two processes could both see
 * the dead lock, and the slower one would remove the live lock that the faster one has taken since.
 */
function breakLock(lockFile: string): void {
  const breaker = `${lockFile}.break`;
  if (!createFile(breaker)) {
    if (ageMs(breaker) > breakerStaleAfterMs) removeFile(breaker);
    return;
  }
  try {
    if (isStale(lockFile)) removeFile(lockFile);
  } finally {
    removeFile(breaker);
  }
}
