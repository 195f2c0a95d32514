import type { TestProject } from 'vitest/node';
import { DynDataError } from '../../core/errors.ts';
import { ensureCommands } from '../../scripts/debian.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether this machine can start a Redis. The reason is a sentence for people. */
    redis: { readonly available: true } | { readonly available: false; readonly reason: string };
  }
}

/** Runs once before the tests that need a Redis: installs Debian's where there is none and this process may, or provides the reason why not. */
export async function setup(project: TestProject): Promise<void> {
  try {
    await ensureCommands(['redis-server'], (line) => process.stderr.write(`${line}\n`));
    project.provide('redis', { available: true });
  } catch (error) {
    if (!(error instanceof DynDataError) || error.code !== 'ENGINE_FAILED') throw error;
    project.provide('redis', { available: false, reason: error.message });
  }
}
