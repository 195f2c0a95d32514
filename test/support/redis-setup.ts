import type { TestProject } from 'vitest/node';
import { reasonAgainst } from './installed-commands.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether this machine can start a Redis. The reason is a sentence for people. */
    redis: { readonly available: true } | { readonly available: false; readonly reason: string };
  }
}

/** Runs once before the tests that need a Redis: installs Debian's where there is none and this process may, or provides the reason why not. */
export async function setup(project: TestProject): Promise<void> {
  const reason = await reasonAgainst(['redis-server']);
  project.provide('redis', reason === undefined ? { available: true } : { available: false, reason });
}
