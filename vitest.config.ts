import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const engineTests = ['test/**/*.engine.test.ts', 'test/end-to-end/**/*.test.ts'];
/** Real Redis servers, as processes of this machine. */
const redisTests = ['test/**/*.redis.test.ts'];
const longTests = ['test/long/**/*.test.ts'];

// Tests start hundreds of programs; each would read and compile the same modules anew.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules', '.cache', 'compiled');

const everywhere = {
  pool: 'forks' as const,
  // Files share the machine: what is polled for comes, but not within the second that is the default.
  expect: { poll: { timeout: 30_000 } },
};

/**
 * Real servers in containers: one file after another. The engine runs the health checks of all containers that are there, and with those of three
 * files at once they alone keep two cores busy.
 */
const withEngine = {
  ...everywhere,
  maxWorkers: 1,
  globalSetup: ['test/support/global-setup.ts', 'test/support/redis-setup.ts'],
  teardownTimeout: 120_000,
};

/** Beside the engine's tests, which run at the same time (scripts/test.ts) and wait for their servers part of the time. */
const besideEngine = { maxWorkers: Math.max(1, Math.min(availableParallelism() - 1, 6)), sequence: { groupOrder: 0 } };

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        // Everything that needs no Docker engine.
        test: {
          ...everywhere,
          ...besideEngine,
          name: 'unit',
          // Starting a process and loading the modules anew for each file took as long as the tests; none of them leaves anything behind.
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: [...engineTests, ...redisTests, ...longTests],
          // Many start programs of their own, which takes long on a busy machine.
          testTimeout: 90_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...everywhere,
          ...besideEngine,
          name: 'redis',
          isolate: false,
          globalSetup: ['test/support/redis-setup.ts'],
          include: redisTests,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...withEngine,
          name: 'engine',
          // As for `unit`.
          isolate: false,
          // Tests that wait for containers of their own.
          maxConcurrency: 8,
          sequence: { groupOrder: 1 },
          include: engineTests,
          testTimeout: 600_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          ...withEngine,
          name: 'long',
          include: longTests,
          testTimeout: 3_600_000,
          hookTimeout: 1_800_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
