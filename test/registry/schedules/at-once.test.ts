import { expect, it } from 'vitest';
import { DynDataError, type Schedules, scheduleVersion } from '../../../core/index.ts';
import { createScheduler, createTimerAlarm } from '../../../registry/schedules/index.ts';
import { createMemoryObjects, createScheduleStore } from '../../../storage/index.ts';
import { environments, nightly } from '../../contracts/schedules.ts';
import { createCountingQueue, silentLog } from '../../support/counting-queue.ts';
import { createManualTimer } from '../../support/manual-timer.ts';
import { times } from '../../support/many-times.ts';
import { createSchedule, seededRandom } from '../../support/stepped-objects.ts';

/** Several replicas change one schedule that all have read, interleaved at each storage operation as the seed says, while a slot is due. */
async function play(seed: number): Promise<string> {
  const objects = createMemoryObjects();
  const steps = createSchedule(objects, seededRandom(seed));
  const timer = createManualTimer(new Date('2024-05-01T12:00:00Z'));
  const { queue, created } = createCountingQueue();
  const replicaOver = (over: typeof objects): Schedules =>
    createScheduler({
      store: createScheduleStore(over),
      jobs: queue,
      environments,
      clock: timer.now,
      openAlarm: createTimerAlarm(timer),
      logger: silentLog(),
      sweepMs: 3_600_000,
    });
  const outside = replicaOver(objects);
  const version = scheduleVersion(await outside.create('nightly', nightly));
  timer.jumpTo(new Date('2024-05-02T00:01:00Z'));
  const replica = (): Schedules => replicaOver(steps.actor().objects);
  const acts: Readonly<Record<string, Promise<unknown>>> = {
    'tag-one': replica().update('nightly', { ...nightly, tag: 'tag-one' }, version),
    'tag-two': replica().update('nightly', { ...nightly, tag: 'tag-two' }, version),
    removed: replica().remove('nightly', version),
    'made anew': replica().create('nightly', { ...nightly, tag: 'anew' }),
  };
  const outcomes = Promise.allSettled(Object.values(acts));
  await steps.run(Object.values(acts), { onStep: () => undefined });
  const done = new Set(Object.keys(acts));
  for (const [at, outcome] of (await outcomes).entries()) {
    if (outcome.status === 'fulfilled') continue;
    done.delete(Object.keys(acts)[at] ?? '');
    expect(outcome.reason, `seed ${seed}`).toBeInstanceOf(DynDataError);
    expect(['CONFLICT', 'SCHEDULE_UNKNOWN', 'SCHEDULE_EXISTS'], `seed ${seed}`).toContain(outcome.reason.code);
  }
  const left = (await Array.fromAsync(outside.list())).map(({ tag }) => tag);
  const expected = done.has('removed') ? (done.has('made anew') ? ['anew'] : []) : [...done];
  expect(left, `seed ${seed}: ${[...done].join(', ')} done`).toEqual(expected);
  expect(created().length, `seed ${seed}`).toBeLessThanOrEqual(1);
  return [...done].join(', ');
}

it('what several replicas do to one version of a schedule at once, one of them has done, and nothing that was made after it is lost', async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < times(100, 20_000); seed += 1) seen.add(await play(seed));
  expect([...seen].sort()).toEqual(['removed', 'removed, made anew', 'tag-one', 'tag-two']);
});
