import { defineConfig } from 'vitest/config';

const engineTests = ['test/**/*.engine.test.ts', 'test/end-to-end/**/*.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    teardownTimeout: 120_000,
    projects: [
      {
        // Everything that needs no Docker engine, in parallel.
        test: {
          name: 'unit',
          pool: 'forks',
          include: ['test/**/*.test.ts'],
          exclude: engineTests,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Real servers in containers: one file after another, because they share the machine's cores and its ports.
        test: {
          name: 'engine',
          pool: 'forks',
          include: engineTests,
          globalSetup: ['test/support/global-setup.ts'],
          maxWorkers: 1,
          testTimeout: 600_000,
          hookTimeout: 900_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
