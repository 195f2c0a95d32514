import type { TestProject } from 'vitest/node';
import { DynDataError } from '../../core/errors.ts';
import { pgDumpVariables } from '../../demo/sample-registry.ts';
import { ensureEngine } from '../../scripts/engine.ts';
import { ensureImages } from '../../scripts/images.ts';
import { runCommand, runOrFail } from '../../scripts/run-command.ts';
import { startComposeItself } from './quick-compose.ts';

/** Whether the tests of this run have a Docker engine. The reason is a sentence for people. */
export type EngineOfRun = { readonly available: true } | { readonly available: false; readonly reason: string };

declare module 'vitest' {
  interface ProvidedContext {
    engine: EngineOfRun;
    /** Compose variables that name the images to use (MYSQL_IMAGE ...); empty without an engine. */
    images: Record<string, string>;
    /** The command of pg_dump; empty without an engine. */
    pgDump: string[];
  }
}

/**
 * Runs once before the tests that need an engine: makes engine, Compose and images usable, or provides the reason why there is no
 * engine. With an engine, missing images are a failure, not a reason to skip.
 */
export async function setup(project: TestProject): Promise<void> {
  const engine = await engineOfRun();
  project.provide('engine', engine);
  // The long tests start it as its users do.
  if (engine.available && project.name === 'engine') restoreDocker = await startComposeItself();
  const images = engine.available ? await ensureImages({ log }) : {};
  project.provide('images', images);
  project.provide('pgDump', engine.available ? await startPgDump(images.POSTGRES_IMAGE ?? 'postgres:18') : []);
}

export async function teardown(): Promise<void> {
  if (pgDumpContainer !== undefined) await runCommand('docker', ['rm', '--force', '--volumes', pgDumpContainer]);
  await restoreDocker?.();
}

let restoreDocker: (() => Promise<void>) | undefined;
let pgDumpContainer: string | undefined;

/** Builds call pg_dump several times: entering a container that is there costs a fifth of making one for each. */
async function startPgDump(image: string): Promise<string[]> {
  // Its end is that of whoever started it, at the latest after a day.
  const args = ['run', '--detach', '--rm', '--network', 'host', '--init', '--entrypoint', 'sleep', image, '86400'];
  pgDumpContainer = (await runOrFail('Starting a container for pg_dump', 'docker', args)).trim();
  return ['docker', 'exec', '-i', ...pgDumpVariables, pgDumpContainer, 'pg_dump'];
}

async function engineOfRun(): Promise<EngineOfRun> {
  // How the tests of the skipping itself, and whoever has no engine and wants none, say so.
  if (process.env.DYN_DATA_NO_ENGINE === '1') return { available: false, reason: 'DYN_DATA_NO_ENGINE=1 is set' };
  try {
    await ensureEngine({ log });
    return { available: true };
  } catch (error) {
    if (!(error instanceof DynDataError) || (error.code !== 'ENGINE_UNAVAILABLE' && error.code !== 'COMPOSE_UNAVAILABLE')) throw error;
    log(error.message);
    return { available: false, reason: error.message };
  }
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
