import type { Container } from './engine.ts';
import type { ExecIn } from './service-container.ts';

/** What an image or a compose file has for Docker to ask, from time to time, whether a container is healthy. */
export type HealthCheck = {
  readonly command: readonly string[];
  readonly timeoutMs: number;
};

const nanosecondsPerMs = 1e6;
/** What Docker takes where nothing is said. */
const defaultTimeoutMs = 30_000;

/**
 * As `docker inspect` has it; undefined where there is none.
 * @param test `NONE`, or `CMD` with a command, or `CMD-SHELL` with a line for the container's shell
 * @param shell the container's own, such as `/bin/bash -c`
 */
export function readHealthCheck(
  test: readonly string[] | null | undefined,
  timeoutNs: number | undefined,
  shell: readonly string[] | null | undefined,
): HealthCheck | undefined {
  const [kind, ...rest] = test ?? [];
  if (rest.length === 0) return undefined;
  const command = kind === 'CMD-SHELL' ? [...(shell?.length ? shell : ['/bin/sh', '-c']), ...rest] : kind === 'CMD' ? rest : undefined;
  return command && { command, timeoutMs: timeoutNs ? timeoutNs / nanosecondsPerMs : defaultTimeoutMs };
}

/** Asks what Docker would, now and not when its interval is over. Where the container has no check or no shell, or is gone, it does not pass. */
export async function passes({ id, check, user }: Container, execIn: ExecIn): Promise<boolean> {
  if (!check) return false;
  const { exitCode } = await execIn(id, check.command, { timeoutMs: check.timeoutMs, user });
  return exitCode === 0;
}
