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
    const { exitCode } = await runCommand('docker', ['exec', container, 'sh', '-c', line], options);
    if (exitCode === 0) return;
    const state = await runCommand('docker', ['inspect', '--format', '{{.State.Status}}', container], options);
    if (state.stdout.trim() !== 'running' || Date.now() > deadline)
      throw new DynDataError(
        'ENGINE_FAILED',
        `The container ${container} did not become healthy. Look at its log (docker logs ${container}).`,
      );
  }
}
