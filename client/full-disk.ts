import { DynDataError } from '../core/errors.ts';
import type { Container } from './engine.ts';

/**
 * Codes too: where the log of a container is on the same disk, nothing is written there any more. MySQL's 1114, a table that is full, is
 * also that of a MEMORY table at its limit, which is rarer by far. Of OpenLDAP's commit that failed a client learns no more than that.
 */
const full =
  /no space left on device|txn_commit failed|error number:? 28\b|disk is full|bytes should have been written\. Only \d|SQLSTATE 53100|MySQL error (?:1021|1114)\b/i;

/** Whether these are the words of an engine, a server or its client for a disk without room. */
export function tellsOfFullDisk(lines: readonly string[]): boolean {
  return lines.some((line) => full.test(line));
}

/** @param what failed, as a sentence begins  @param details what the engine says */
export function engineDiskFull(what: string, details: readonly string[]): DynDataError {
  return new DynDataError(
    'DISK_FULL',
    `${what} failed, because the disk of the Docker engine is full. Make room there (docker system df tells what takes it; docker image rm removes images, dyn-data down -v a stack with its data), or give it a larger one; then run the command again.`,
    { details },
  );
}

/** @param details what failed  @param container the service's */
export function serviceDiskFull(
  service: string,
  container: Container | undefined,
  details: readonly string[],
  cause: unknown,
): DynDataError {
  const volumes = (container?.volumes ?? []).map(({ inside, outside }) => `${service} has ${inside} on ${outside}`);
  return new DynDataError(
    'DISK_FULL',
    `The disk that the service ${service} keeps its data on is full. Make room there (docker system df tells what of the engine's takes it), or give the data a larger one, then run the command again: it goes on where that is safe, and else starts the restore over. Until then the service does not count as restored.`,
    { details: [...volumes, ...details], cause },
  );
}

/** Of a server that is no container of the stack. @param again what to run then */
export function targetDiskFull(label: string, again: string, details: readonly string[], cause: unknown): DynDataError {
  return new DynDataError(
    'DISK_FULL',
    `The disk of the server ${label} is full. What of the snapshot is there is not whole. Make room there, start the server again if it has ended, then ${again}.`,
    { details, cause },
  );
}
