import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { DynDataError } from '../core/errors.ts';
import { type CommandOptions, runCommand, runOrFail } from './run-command.ts';

const pauseMs = 300;
const patienceMs = 180_000;
const commandOf = z.tuple([z.literal('CMD-SHELL'), z.string()]);

/**
 * Waits until the health check of a container passes, asked here: the engine asks when its interval is over, and a short one, for as long as the
 * container runs, takes a good part of a small machine.
 * @throws ENGINE_FAILED where the container has no check, ended, or does not pass in three minutes
 */
export async function waitHealthy(container: string, options: Pick<CommandOptions, 'signal'> = {}): Promise<void> {
  const inspected = await runOrFail(
    'Reading a health check',
    'docker',
    ['inspect', '--format', '{{json .Config.Healthcheck.Test}}', container],
    options,
  );
  const [, line] = commandOf.parse(JSON.parse(inspected));
  for (const deadline = Date.now() + patienceMs; ; await sleep(pauseMs, undefined, options)) {
    const { exitCode } = await runCommand('docker', ['exec', container, ...untilItPasses(line)], options);
    if (exitCode === 0) return;
    const state = await runCommand('docker', ['inspect', '--format', '{{.State.Status}}', container], options);
    if (state.stdout.trim() !== 'running' || Date.now() > deadline)
      throw new DynDataError(
        'ENGINE_FAILED',
        `The container ${container} did not become healthy. Look at its log (docker logs ${container}).`,
      );
  }
}

/**
 * A command for inside a container that repeats a check, a line for a shell, until it passes, or for some seconds: to enter the container anew takes the
 * engine many times the processor time of most checks.
 */
export function untilItPasses(check: string): string[] {
  return ['sh', '-c', 'for one in $(seq 20); do sh -c "$1" && exit 0; sleep 0.3; done; exit 1', 'sh', check];
}
