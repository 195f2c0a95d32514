import { defineConfig } from 'vitest/config';

const engineTests = ['test/**/*.engine.test.ts', 'test/end-to-end/**/*.test.ts'];
/** Real Redis servers, as processes of this machine. */
const redisTests = ['test/**/*.redis.test.ts'];
const longTests = ['test/long/**/*.test.ts'];

/** Real servers in containers: one file after another, because they share the machine's cores and its ports. */
const withEngine = {
  pool: 'forks' as const,
  globalSetup: ['test/support/global-setup.ts'],
  maxWorkers: 1,
  teardownTimeout: 120_000,
};

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        // Everything that needs no Docker engine, in parallel.
        test: {
          name: 'unit',
          pool: 'forks',
          include: ['test/**/*.test.ts'],
          exclude: [...engineTests, ...redisTests, ...longTests],
          // Many start programs of their own, which takes long on a busy machine.
          testTimeout: 90_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'redis',
          pool: 'forks',
          globalSetup: ['test/support/redis-setup.ts'],
          include: redisTests,
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          ...withEngine,
          name: 'engine',
          include: engineTests,
          testTimeout: 600_000,
          hookTimeout: 900_000,
          sequence: { groupOrder: 1 },
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
