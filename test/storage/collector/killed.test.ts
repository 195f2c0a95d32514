import { test } from 'vitest';
import { expectNothingLostToKilledCollectors } from '../../support/killed-collectors.ts';

// test/long/collector-killed.test.ts has many more builds and operations.
test('builds beside collectors that are killed lose nothing, and the next run frees the rest', async () => {
  // In looking, on the way to a sweep and inside it.
  const operations = [30, 120, 60, 240];
  let next = 0;
  const nextOperation = (): number => {
    next += 1;
    return operations[next % operations.length] ?? 0;
  };
  await expectNothingLostToKilledCollectors({ rounds: 8, graceMs: 400, takeoverMs: 2000, nextOperation });
});
