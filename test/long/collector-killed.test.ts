import { test } from 'vitest';
import { expectNothingLostToKilledCollectors } from '../support/killed-collectors.ts';
import { seededRandom } from '../support/stepped-objects.ts';

test('many builds beside collectors that are killed at any operation lose nothing, and the next run frees the rest', async () => {
  const random = seededRandom(Date.now());
  const nextOperation = (): number => 1 + Math.floor(random() * 500);
  await expectNothingLostToKilledCollectors({ rounds: 20, graceMs: 1500, takeoverMs: 8000, nextOperation });
});
