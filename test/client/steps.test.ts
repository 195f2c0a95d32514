import { expect, test } from 'vitest';
import { createSteps, formatSteps } from '../../client/steps.ts';

test('a step lasts until the next one begins, the last one until the end; what nobody feels is not shown', () => {
  let nowMs = 1_000;
  const steps = createSteps(() => new Date(nowMs));
  for (const [step, durationMs] of [
    ['wait', 0],
    ['start', 1_240],
    ['health', 61_000],
    ['look', 49],
    ['count', 50],
  ] as const) {
    steps.begin(step);
    nowMs += durationMs;
  }
  const list = steps.end();
  expect(list.map(({ durationMs }) => durationMs)).toEqual([0, 1_240, 61_000, 49, 50]);
  expect(formatSteps(list)).toBe('start 1.2 s, health 1 min 1 s, count 0.1 s');
});
