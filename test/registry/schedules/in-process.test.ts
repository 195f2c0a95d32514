import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { MissedSlot } from '../../../core/index.ts';
import { createScheduler, createTimerAlarm, type Scheduler, systemTimer } from '../../../registry/schedules/index.ts';
import { nextSlots } from '../../../registry/schedules/slots.ts';
import { createMemoryObjects, createScheduleStore } from '../../../storage/index.ts';
import { environments, nightly, schedulesContract } from '../../contracts/schedules.ts';
import { createCountingQueue, silentLog } from '../../support/counting-queue.ts';
import { createManualTimer } from '../../support/manual-timer.ts';

const opened: Scheduler[] = [];
afterEach(async () => {
  for (const scheduler of opened.splice(0)) await scheduler.close();
});

/** Everything here answers without a machine in between, so what was rung is done after some turns of the event loop. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await setImmediate();
};

async function open(start: string) {
  const timer = createManualTimer(new Date(start));
  const { queue, created, keepJobsOpen } = createCountingQueue();
  const store = createScheduleStore(createMemoryObjects());
  const missed: MissedSlot[] = [];
  const startOne = async (): Promise<Scheduler> => {
    const scheduler = createScheduler({
      store,
      jobs: queue,
      environments,
      clock: timer.now,
      openAlarm: createTimerAlarm(timer),
      logger: silentLog(),
      onMissed: (_schedule, slot) => missed.push(slot),
      sweepMs: 3_600_000,
    });
    await scheduler.start();
    opened.push(scheduler);
    return scheduler;
  };
  let scheduler = await startOne();
  const schedules = new Proxy({} as Scheduler, { get: (_target, name: keyof Scheduler) => scheduler[name] });
  return {
    schedules,
    created,
    missed: () => missed,
    keepJobsOpen,
    passTo: (time: string) => timer.moveTo(new Date(time), settled),
    async sleepUntil(time: string) {
      await scheduler.close();
      timer.jumpTo(new Date(time));
      scheduler = await startOne();
      await settled();
    },
  };
}

describe('schedules of one process', () => {
  schedulesContract(open, { clockChanges: 'all' });

  it('make one job of each of 259 nights, over both changes of the clocks', async () => {
    const { schedules, created, missed, passTo } = await open('2024-03-01T12:00:00Z');
    await schedules.create('nightly', { ...nightly, cron: '30 2 * * *' });
    await passTo('2024-11-15T12:00:00Z');
    const tags = created().map(({ tag }) => tag);
    expect(tags).toHaveLength(259);
    expect(new Set(tags).size).toBe(259);
    expect(missed()).toEqual([]);
  });
});

describe('the slots after a moment', () => {
  const next = (cron: string, timeZone: string, after: string): string | undefined =>
    nextSlots({ cron, timeZone }, new Date(after), 1)[0]?.toISOString();

  it('are the same ones whenever they are asked for, also between a change of the clocks and a time that it concerns', () => {
    for (const after of ['2024-03-31T00:59:00Z', '2024-03-31T01:00:00Z', '2024-03-31T01:29:59Z']) {
      expect(next('30 2 * * *', 'Europe/Paris', after), after).toBe('2024-03-31T01:30:00.000Z');
    }
    expect(next('30 2 * * *', 'Europe/Paris', '2024-03-31T01:30:00Z')).toBe('2024-04-01T00:30:00.000Z');
    expect(next('30 2 * * *', 'America/New_York', '2024-03-10T07:15:00Z')).toBe('2024-03-10T07:30:00.000Z');
    for (const after of ['2024-10-27T00:30:00Z', '2024-10-27T00:59:00Z', '2024-10-27T01:10:00Z', '2024-10-27T01:29:59Z']) {
      expect(next('30 2 * * *', 'Europe/Paris', after), after).toBe('2024-10-28T01:30:00.000Z');
    }
    expect(next('30 1 * * *', 'America/New_York', '2024-11-03T06:10:00Z')).toBe('2024-11-04T06:30:00.000Z');
    expect(next('30 2 * * *', 'Australia/Lord_Howe', '2024-10-05T15:40:00Z')).toBe('2024-10-06T15:30:00.000Z');
  });
});

describe('the timer of a machine', () => {
  it('rings at its time, soon where that is past, and not where it was cancelled', async () => {
    const rung: string[] = [];
    systemTimer.at(new Date(Date.now() - 1000), () => rung.push('past'));
    systemTimer.at(new Date(Date.now() + 60), () => rung.push('soon'));
    systemTimer.at(new Date(Date.now() + 80), () => rung.push('cancelled'))();
    await expect.poll(() => rung).toEqual(['past', 'soon']);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(rung).toEqual(['past', 'soon']);
  });
});
