import { engineFailed, helperLabel } from './engine.ts';
import { lastLines, type Runner } from './process.ts';

const removeTimeoutMs = 20_000;

/**
 * Containers of one image, created and never started, out of which its files are copied. Each is lent to one reader at a time: Docker locks
 * a container until a copy out of it was read to its end, so a second reader would wait for the first, and for ever if that one rests.
 * Disposing removes them.
 */
export type ImageContainers = AsyncDisposable & {
  /** A container that nobody else has. @throws DynDataError ENGINE_FAILED */
  take(): Promise<string>;
  giveBack(container: string): void;
};

/** @param owner value of the helper label, so that the next run of the same project removes what a killed one left. */
export function createImageContainers(processes: Runner, image: string, owner: string): ImageContainers {
  const created: Promise<string>[] = [];
  const free: string[] = [];
  const create = async (): Promise<string> => {
    // An image without a command needs a word in its place; it is never run.
    const result = await processes.run('docker', ['create', '--label', `${helperLabel}=${owner}`, image, 'never-started']);
    if (result.exitCode !== 0) throw engineFailed('docker create', lastLines(result));
    return result.stdout.trim();
  };
  return {
    async take() {
      const container = free.pop();
      if (container !== undefined) return container;
      const creation = create();
      created.push(creation);
      return creation;
    },
    giveBack: (container) => void free.push(container),
    async [Symbol.asyncDispose]() {
      const settled = await Promise.allSettled(created);
      const containers = settled.flatMap((creation) => (creation.status === 'fulfilled' ? [creation.value] : []));
      if (containers.length === 0) return;
      // Must work after an interruption too.
      await processes
        .run('docker', ['rm', '--force', '--volumes', ...containers], { despiteInterruption: true, timeoutMs: removeTimeoutMs })
        .catch(() => undefined);
    },
  };
}
