import { describe, inject } from 'vitest';
// The types of what the set-up provides.
import type {} from './global-setup.ts';

/**
 * A suite that needs a Docker engine. Without one it is reported as skipped, with the reason in its name; with one it always runs. Its
 * file must belong to the project `engine` (vitest.config.ts): `*.engine.test.ts`, or anything in test/end-to-end.
 */
export function describeWithEngine(name: string, define: () => void): void {
  const engine = inject('engine');
  if (engine === undefined) throw new Error('This file needs the set-up of the project "engine": name it *.engine.test.ts.');
  if (engine.available) describe(name, define);
  else describe.skip(`${name} [skipped: ${engine.reason}]`, define);
}

/** pg_dump of this run's PostgreSQL, for sources at ports of this machine. */
export function pgDumpOfRun(): string[] {
  return inject('pgDump');
}

/** Compose variables that name the images of this run, for the environment of `docker compose`. */
export function imageVariables(): Record<string, string> {
  return inject('images');
}
