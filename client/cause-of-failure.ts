import { DynDataError } from '../core/errors.ts';
import type { Container, Engine } from './engine.ts';
import { serviceDiskFull, targetDiskFull, tellsOfFullDisk } from './full-disk.ts';

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
  const details = detailsOf(error);
  if (details === undefined) return error;
  if (await hasGone(engine)) {
    const again = 'run the command again: it goes on where that is safe, and else starts the restore over';
    return engineWentAway(`the service ${service} was brought up`, again, details, error);
  }
  const printed = container === undefined ? [] : await engine.logs(container.id, lookedThrough, sinceMs).catch(() => []);
  return tellsOfFullDisk([...details, ...printed]) ? serviceDiskFull(service, container, details, error) : error;
}

/** The same for a restore into a server elsewhere, of which nothing but the words of its clients is to be had. */
export async function causeOfTargetFailure(error: unknown, engine: Engine, label: string): Promise<unknown> {
  const details = detailsOf(error);
  if (details === undefined) return error;
  const again = 'run the command again with --replace: it starts over';
  if (await hasGone(engine)) return engineWentAway(`${label} was restored`, again, details, error);
  return tellsOfFullDisk(details) ? targetDiskFull(label, again, details, error) : error;
}

/** What failed, where want of an engine or of room may be the reason. */
function detailsOf(error: unknown): string[] | undefined {
  if (!(error instanceof DynDataError) || !consequences.includes(error.exitCode) || error.code === 'DISK_FULL') return undefined;
  const [sentence = ''] = error.message.split('. ');
  return [`${error.code}: ${sentence}`, ...error.details];
}

async function hasGone(engine: Engine): Promise<boolean> {
  try {
    await engine.requireAvailable();
    return false;
  } catch (unavailable) {
    return unavailable instanceof DynDataError && unavailable.code === 'ENGINE_UNAVAILABLE';
  }
}

function engineWentAway(during: string, again: string, details: readonly string[], cause: unknown): DynDataError {
  return new DynDataError(
    'ENGINE_UNAVAILABLE',
    `The Docker engine went away while ${during}. Nothing that was under way counts as done. Start the engine (Docker Desktop, or: sudo systemctl start docker), and ${again}.`,
    { details, cause },
  );
}
