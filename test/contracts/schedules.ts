import { describe, expect, it } from 'vitest';
import {
  DynDataError,
  type JobRequest,
  type MissedSlot,
  type ScheduleDefinition,
  type Schedules,
  scheduleVersion,
} from '../../core/index.ts';

export const environments = [
  { name: 'prod', repository: 'dynamease' },
  { name: 'test', repository: 'team/test' },
];

/** Schedules under test, all replicas of them, with a clock that the test sets. */
export type OpenedSchedules = {
  readonly schedules: Schedules;
  /** What jobs were made for, in order. */
  readonly created: () => JobRequest[];
  readonly missed: () => MissedSlot[];
  /** Lets the time pass up to a moment after `time`, while everything runs; the alarms ring and what they start is done. */
  readonly passTo: (time: string) => Promise<void>;
  /** Ends all replicas and starts them again at `time`. */
  readonly sleepUntil: (time: string) => Promise<void>;
  /** Makes the next jobs stay open, or end at once. */
  readonly keepJobsOpen: (open: boolean) => void;
};

export const nightly: ScheduleDefinition = {
  environment: 'prod',
  cron: '0 2 * * *',
  timeZone: 'Europe/Paris',
  tag: 'prod-{yyyy}-{MM}-{dd}',
  alias: 'prod-latest',
  catchUp: false,
};

/**
 * Holds schedules to the contract in core/schedule.ts.
 * @param clockChanges of the changes of the clocks, only that of spring where each time is really waited for
 */
export function schedulesContract(
  open: (start: string) => Promise<OpenedSchedules>,
  { clockChanges }: { clockChanges: 'all' | 'spring' },
): void {
  const slotsOf = (requests: readonly JobRequest[]): (string | undefined)[] => requests.map(({ schedule }) => schedule?.slot);

  it('make a job for each slot, with its tag and alias, and show the next ones', async () => {
    const { schedules, created, missed, passTo } = await open('2024-05-01T12:00:00Z');
    const view = await schedules.create('nightly', nightly);
    expect(view).toMatchObject({ ...nightly, name: 'nightly', enabled: true, missed: [] });
    expect(view.next).toEqual([2, 3, 4, 5, 6].map((day) => `2024-05-0${day}T00:00:00.000Z`));
    expect(created()).toEqual([]);
    await passTo('2024-05-02T00:00:00Z');
    await passTo('2024-05-03T00:00:00Z');
    expect(created()).toEqual(
      [2, 3].map((day) => ({
        kind: 'build',
        environment: 'prod',
        repository: 'dynamease',
        tag: `prod-2024-05-0${day}`,
        alias: 'prod-latest',
        schedule: { name: 'nightly', slot: `2024-05-0${day}T00:00:00.000Z` },
      })),
    );
    const after = await schedules.get('nightly');
    expect(after.next[0]).toBe('2024-05-04T00:00:00.000Z');
    expect(after.lastRun?.slot).toBe('2024-05-03T00:00:00.000Z');
    expect(missed()).toEqual([]);
  });

  it('refuse what is not valid, naming it, and what is there or not there', async () => {
    const { schedules } = await open('2024-05-01T12:00:00Z');
    const refusal = async (changes: Partial<ScheduleDefinition>): Promise<DynDataError> => {
      const error = await schedules.create('wrong', { ...nightly, ...changes }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error instanceof DynDataError) return error;
      throw new Error('it was accepted');
    };
    for (const cron of ['', '@daily', '0 2 * *', '0 0 2 * * *', '61 2 * * *', '0 0 30 2 *', 'H 2 * * *', '0 2 * * * ; ls']) {
      expect(await refusal({ cron }), cron).toMatchObject({ code: 'SCHEDULE_INVALID', details: [expect.stringMatching(/^cron: /)] });
    }
    expect(await refusal({ timeZone: 'Europe/Atlantis' })).toMatchObject({
      code: 'SCHEDULE_INVALID',
      details: [expect.stringMatching(/^timeZone: /)],
    });
    expect((await refusal({ environment: 'nowhere' })).code).toBe('ENVIRONMENT_UNKNOWN');
    await schedules.create('nightly', nightly);
    await expect(schedules.create('nightly', nightly)).rejects.toMatchObject({ code: 'SCHEDULE_EXISTS' });
    const unknown = { code: 'SCHEDULE_UNKNOWN' };
    for (const act of [schedules.get, schedules.remove, schedules.pause, schedules.resume, schedules.run]) {
      await expect(act('none')).rejects.toMatchObject(unknown);
    }
    await expect(schedules.update('none', nightly)).rejects.toMatchObject(unknown);
    expect((await Array.fromAsync(schedules.list())).map(({ name }) => name)).toEqual(['nightly']);
  });

  it('record the slots during which nothing ran, and make up for none unless they are to', async () => {
    const { schedules, created, missed, sleepUntil, passTo } = await open('2024-05-01T12:00:00Z');
    await schedules.create('nightly', nightly);
    await sleepUntil('2024-05-03T09:00:00Z');
    expect(created()).toEqual([]);
    const slots = ['2024-05-03T00:00:00.000Z', '2024-05-02T00:00:00.000Z'];
    const view = await schedules.get('nightly');
    expect(view.missed).toMatchObject(slots.map((slot) => ({ slot, reason: 'nothing-ran' })));
    expect(
      missed()
        .map(({ slot }) => slot)
        .sort(),
    ).toEqual(slots.toSorted());
    await passTo('2024-05-04T00:00:00Z');
    expect(slotsOf(created())).toEqual(['2024-05-04T00:00:00.000Z']);
  });

  it('run the latest missed slot once where they are to catch up', async () => {
    const { schedules, created, sleepUntil } = await open('2024-05-01T12:00:00Z');
    await schedules.create('nightly', { ...nightly, catchUp: true });
    await sleepUntil('2024-05-03T09:00:00Z');
    expect(created().map(({ tag }) => tag)).toEqual(['prod-2024-05-03']);
    const { missed, lastRun } = await schedules.get('nightly');
    expect(missed.map(({ slot, job }) => [slot, job])).toEqual([
      ['2024-05-03T00:00:00.000Z', lastRun?.job],
      ['2024-05-02T00:00:00.000Z', undefined],
    ]);
    await sleepUntil('2024-05-03T10:00:00Z');
    expect(created()).toHaveLength(1);
  });

  it('still count a slot as on time that is served minutes late', async () => {
    const { schedules, created, missed, sleepUntil } = await open('2024-05-01T12:00:00Z');
    await schedules.create('nightly', nightly);
    await sleepUntil('2024-05-02T00:03:00Z');
    expect(created().map(({ tag }) => tag)).toEqual(['prod-2024-05-02']);
    expect(missed()).toEqual([]);
  });

  it('miss a slot while the job of the one before has not ended', async () => {
    const { schedules, created, keepJobsOpen, passTo } = await open('2024-05-01T12:00:00Z');
    await schedules.create('nightly', nightly);
    keepJobsOpen(true);
    await passTo('2024-05-02T00:00:00Z');
    await passTo('2024-05-03T00:00:00Z');
    expect(created()).toHaveLength(1);
    expect((await schedules.get('nightly')).missed).toMatchObject([{ slot: '2024-05-03T00:00:00.000Z', reason: 'previous-not-ended' }]);
  });

  it('have no slots while they are paused, and no missed ones of that time', async () => {
    const { schedules, created, missed, passTo } = await open('2024-05-01T12:00:00Z');
    await schedules.create('nightly', nightly);
    expect(await schedules.pause('nightly')).toMatchObject({ enabled: false, next: [] });
    await passTo('2024-05-02T00:00:00Z');
    await passTo('2024-05-02T12:00:00Z');
    expect((await schedules.resume('nightly')).next[0]).toBe('2024-05-03T00:00:00.000Z');
    await passTo('2024-05-03T00:00:00Z');
    expect(slotsOf(created())).toEqual(['2024-05-03T00:00:00.000Z']);
    expect(missed()).toEqual([]);
  });

  it('are changed, run at once and removed', async () => {
    const { schedules, created, passTo } = await open('2024-05-01T12:00:00Z');
    await schedules.create('nightly', nightly);
    const { alias: _alias, ...withoutAlias } = nightly;
    const changed = await schedules.update('nightly', { ...withoutAlias, cron: '30 14 * * *', tag: 'at-{HH}{mm}' });
    expect(changed).not.toHaveProperty('alias');
    expect(changed.next[0]).toBe('2024-05-01T12:30:00.000Z');
    await passTo('2024-05-01T12:30:00Z');
    expect(created().map(({ tag }) => tag)).toEqual(['at-1430']);
    const at = new Date('2024-05-01T12:31:00Z');
    const job = await schedules.run('nightly', { idempotencyKey: 'once', at });
    await passTo('2024-05-01T12:40:00Z');
    expect(await schedules.run('nightly', { idempotencyKey: 'once', at })).toBe(job);
    expect(created().map(({ tag }) => tag)).toEqual(['at-1430', 'at-1431']);
    await schedules.remove('nightly');
    await passTo('2024-05-02T12:30:00Z');
    expect(created()).toHaveLength(2);
    await expect(schedules.get('nightly')).rejects.toMatchObject({ code: 'SCHEDULE_UNKNOWN' });
  });

  it('are changed only where they are still the expected version, which slots leave as it is', async () => {
    const { schedules, created, passTo } = await open('2024-05-01T12:00:00Z');
    const first = scheduleVersion(await schedules.create('nightly', nightly));
    const second = scheduleVersion(await schedules.update('nightly', { ...nightly, tag: 'second' }, first));
    const conflict = { code: 'CONFLICT' };
    await expect(schedules.update('nightly', nightly, first)).rejects.toMatchObject(conflict);
    for (const act of [schedules.pause, schedules.resume, schedules.remove])
      await expect(act('nightly', first)).rejects.toMatchObject(conflict);
    await passTo('2024-05-02T00:00:00Z');
    expect(created().map(({ tag }) => tag)).toEqual(['second']);
    const paused = scheduleVersion(await schedules.pause('nightly', second));
    await schedules.remove('nightly', paused);
    expect(await Array.fromAsync(schedules.list())).toEqual([]);
    await expect(schedules.remove('nightly', paused)).rejects.toMatchObject({ code: 'SCHEDULE_UNKNOWN' });
    // The name is free again, and the new one is not taken for the old one.
    await schedules.create('nightly', { ...nightly, tag: 'second' });
    await expect(schedules.remove('nightly', paused)).rejects.toMatchObject(conflict);
    expect((await schedules.get('nightly')).enabled).toBe(true);
  });

  it('are changed or removed by one of all who expect the same version', async () => {
    const { schedules } = await open('2024-05-01T12:00:00Z');
    const version = scheduleVersion(await schedules.create('nightly', nightly));
    const tags = Array.from({ length: 6 }, (_nothing, at) => `tag-${at}`);
    const outcomes = await Promise.allSettled([
      ...tags.map((tag) => schedules.update('nightly', { ...nightly, tag }, version)),
      schedules.remove('nightly', version),
    ]);
    const done = outcomes.findIndex(({ status }) => status === 'fulfilled');
    for (const [at, outcome] of outcomes.entries()) {
      if (at === done) continue;
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: expect.stringMatching(/^(CONFLICT|SCHEDULE_UNKNOWN)$/) } });
    }
    expect((await Array.fromAsync(schedules.list())).map(({ tag }) => tag)).toEqual(tags.slice(done, done + 1));
  });

  describe('when the clocks change', () => {
    const slotsFrom = async (start: string, times: readonly string[], definition: Partial<ScheduleDefinition>) => {
      const { schedules, created, missed, passTo } = await open(start);
      await schedules.create('clocks', { ...nightly, ...definition, tag: '{yyyy}-{MM}-{dd}-{HH}{mm}' });
      for (const time of times) await passTo(time);
      expect(missed()).toEqual([]);
      return created().map(({ tag, schedule }) => `${tag} ${schedule?.slot}`);
    };

    it('forward, a time in the hour that is skipped is taken an hour later on the clock, once', async () => {
      const paris = await slotsFrom('2024-03-30T12:00:00Z', ['2024-03-31T01:30:00Z', '2024-04-01T00:30:00Z'], { cron: '30 2 * * *' });
      expect(paris).toEqual(['2024-03-31-0330 2024-03-31T01:30:00.000Z', '2024-04-01-0230 2024-04-01T00:30:00.000Z']);
      const newYork = await slotsFrom('2024-03-09T12:00:00Z', ['2024-03-10T07:30:00Z', '2024-03-11T06:30:00Z'], {
        cron: '30 2 * * *',
        timeZone: 'America/New_York',
      });
      expect(newYork).toEqual(['2024-03-10-0330 2024-03-10T07:30:00.000Z', '2024-03-11-0230 2024-03-11T06:30:00.000Z']);
    });

    if (clockChanges === 'spring') return;

    it('back, a time in the hour that comes twice is taken the first time only', async () => {
      const parisTimes = ['2024-10-27T00:30:00Z', '2024-10-27T01:30:00Z', '2024-10-28T01:30:00Z'];
      const paris = await slotsFrom('2024-10-26T12:00:00Z', parisTimes, { cron: '30 2 * * *' });
      expect(paris).toEqual(['2024-10-27-0230 2024-10-27T00:30:00.000Z', '2024-10-28-0230 2024-10-28T01:30:00.000Z']);
      const newYorkTimes = ['2024-11-03T05:30:00Z', '2024-11-03T06:30:00Z', '2024-11-04T06:30:00Z'];
      const newYork = await slotsFrom('2024-11-02T12:00:00Z', newYorkTimes, { cron: '30 1 * * *', timeZone: 'America/New_York' });
      expect(newYork).toEqual(['2024-11-03-0130 2024-11-03T05:30:00.000Z', '2024-11-04-0130 2024-11-04T06:30:00.000Z']);
    });

    it('times that recur all day go by the time that passes', async () => {
      const forward = ['2024-03-31T00:30:00Z', '2024-03-31T01:00:00Z', '2024-03-31T01:30:00Z'];
      expect(await slotsFrom('2024-03-31T00:10:00Z', forward, { cron: '*/30 * * * *' })).toEqual([
        '2024-03-31-0130 2024-03-31T00:30:00.000Z',
        '2024-03-31-0300 2024-03-31T01:00:00.000Z',
        '2024-03-31-0330 2024-03-31T01:30:00.000Z',
      ]);
      const back = ['2024-10-27T00:30:00Z', '2024-10-27T01:00:00Z', '2024-10-27T01:30:00Z'];
      expect(await slotsFrom('2024-10-27T00:10:00Z', back, { cron: '*/30 * * * *' })).toEqual([
        '2024-10-27-0230 2024-10-27T00:30:00.000Z',
        '2024-10-27-0200 2024-10-27T01:00:00.000Z',
        '2024-10-27-0230 2024-10-27T01:30:00.000Z',
      ]);
    });
  });
}
