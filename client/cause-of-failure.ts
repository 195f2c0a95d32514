import { DynDataError } from '../core/errors.ts';
import type { Container, Engine } from './engine.ts';
import { serviceDiskFull, tellsOfFullDisk } from './full-disk.ts';

/** Lines. A server without room tells of each attempt to write. */
const lookedThrough = 2000;
/** Exit codes of what may fail for want of engine or room; the others are refusals, wrong usage and interruptions. */
const consequences: readonly number[] = [5, 6];

/**
 * The error to end with when bringing up a service failed: what fails first where the engine goes away or a disk becomes full are the tools
 * in the middle of their work, and their words are about that.
 * @param sinceMs how long ago the command began: what the service printed before tells nothing of it
 */
export async function causeOfFailure(
  error: unknown,
  { engine, service, container, sinceMs }: { engine: Engine; service: string; container: Container | undefined; sinceMs: number },
): Promise<unknown> {
  if (!(error instanceof DynDataError) || !consequences.includes(error.exitCode) || error.code === 'DISK_FULL') return error;
  const [sentence = ''] = error.message.split('. ');
  const details = [`${error.code}: ${sentence}`, ...error.details];
  try {
    await engine.requireAvailable();
  } catch (unavailable) {
    if (!(unavailable instanceof DynDataError) || unavailable.code !== 'ENGINE_UNAVAILABLE') return error;
    return new DynDataError(
      'ENGINE_UNAVAILABLE',
      `The Docker engine went away while the service ${service} was brought up. Nothing that was under way counts as done. Start the engine (Docker Desktop, or: sudo systemctl start docker), and run the command again: it goes on where that is safe, and else starts the restore over.`,
      { details, cause: error },
    );
  }
  const printed = container === undefined ? [] : await engine.logs(container.id, lookedThrough, sinceMs).catch(() => []);
  return tellsOfFullDisk([...details, ...printed]) ? serviceDiskFull(service, container, details, error) : error;
}
