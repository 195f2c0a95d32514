import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Digest,
  digestOf,
  type KeepReason,
  planRetention,
  type RetainedSnapshot,
  type RetentionPlan,
  type RetentionPolicy,
  retentionPolicySchema,
} from '../../core/index.ts';
import { times } from '../support/many-times.ts';

const of = { environment: 'prod', repository: 'dynamease' };
const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

const policyOf = (policy: Record<string, unknown>): RetentionPolicy => retentionPolicySchema.parse(policy);
const snapshotAt = (takenAt: string | number, more: Partial<RetainedSnapshot> = {}): RetainedSnapshot => {
  const text = new Date(takenAt).toISOString();
  return { digest: digestOf(text), takenAt: text, sizeBytes: 1000, tags: [], pins: [], indexes: [], ...more };
};
const kept = (plan: RetentionPlan): string[] => plan.keep.map(({ takenAt }) => takenAt);
const reasonsAt = (plan: RetentionPlan, takenAt: string): readonly KeepReason[] =>
  plan.keep.find((snapshot) => snapshot.takenAt === takenAt)?.reasons ?? [];

/** Local midnight and a half, whatever the clocks do, found by looking. */
function nightly(timeZone: string, fromUtc: number, nights: number): string[] {
  const local = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const times: string[] = [];
  for (let at = fromUtc; times.length < nights; at += hourMs / 4) {
    if (!local.format(new Date(at)).endsWith('00:30')) continue;
    times.push(new Date(at).toISOString());
    // The next one is no sooner.
    at += 20 * hourMs;
  }
  return times;
}

describe('two years of nights', () => {
  const zones: readonly [string, string][] = [
    ['Europe/Paris', '2023-12-31T12:00:00Z'],
    ['Australia/Lord_Howe', '2023-12-31T12:00:00Z'],
    ['Pacific/Apia', '2023-12-31T06:00:00Z'],
    ['America/New_York', '2023-12-31T12:00:00Z'],
    ['Asia/Kathmandu', '2023-12-31T12:00:00Z'],
    ['UTC', '2023-12-31T12:00:00Z'],
  ];
  it.each(zones.slice(0, times(3, zones.length)))('in %s leave 7 days, 5 weeks, 12 months and 2 years', (timeZone, from) => {
    const policy = policyOf({ keepDaily: 7, keepWeekly: 5, keepMonthly: 12, keepYearly: 2, timeZone });
    const local = (takenAt: string): string => new Intl.DateTimeFormat('sv-SE', { timeZone }).format(new Date(takenAt));
    const nights = nightly(timeZone, Date.parse(from), 731);
    // A leap day and, where there are any, four changes of the clocks: each day has its night.
    expect(new Set(nights.map(local)).size).toBe(731);
    expect(nights.map(local)).toContain('2024-02-29');
    expect(local(nights.at(-1) ?? '')).toBe('2025-12-31');
    let there: RetainedSnapshot[] = [];
    for (const takenAt of nights) {
      there.push(snapshotAt(takenAt));
      const plan = planRetention(of, policy, there);
      there = there.filter(({ digest }) => plan.keep.some((snapshot) => snapshot.digest === digest));
      expect(there.length).toBeLessThanOrEqual(7 + 5 + 12 + 2);
      // Whatever day it is, the last week is there whole.
      const lastWeek = nights.slice(Math.max(0, nights.indexOf(takenAt) - 6), nights.indexOf(takenAt) + 1);
      const days = new Set(there.map((snapshot) => snapshot.takenAt));
      expect(lastWeek.filter((day) => !days.has(day))).toEqual([]);
    }
    const days = there.map(({ takenAt }) => local(takenAt));
    const monthEnds = ['01-31', '02-28', '03-31', '04-30', '05-31', '06-30', '07-31', '08-31', '09-30', '10-31', '11-30', '12-31'];
    expect(days).toEqual(
      [
        ...new Set([
          '2024-12-31',
          ...monthEnds.map((day) => `2025-${day}`),
          ...['2025-12-07', '2025-12-14', '2025-12-21', '2025-12-28'],
          ...['2025-12-25', '2025-12-26', '2025-12-27', '2025-12-28', '2025-12-29', '2025-12-30', '2025-12-31'],
        ]),
      ].sort(),
    );
    // Night by night gives the same as all at once.
    expect(
      kept(
        planRetention(
          of,
          policy,
          nights.map((takenAt) => snapshotAt(takenAt)),
        ),
      ).sort(),
    ).toEqual(there.map(({ takenAt }) => takenAt).sort());
  });

  it('keep the 29th of February as its month, and ISO weeks over the turn of the year', () => {
    const policy = policyOf({ keepMonthly: 1, timeZone: 'Europe/Paris' });
    const plan = planRetention(
      of,
      policy,
      ['2024-02-27T01:00Z', '2024-02-28T01:00Z', '2024-02-29T22:59Z'].map((at) => snapshotAt(at)),
    );
    expect(kept(plan)).toEqual(['2024-02-29T22:59:00.000Z']);
    expect(reasonsAt(plan, '2024-02-29T22:59:00.000Z')).toContainEqual({ kind: 'monthly', period: '2024-02' });
    // The 30th and 31st of December 2024 and the 1st of January 2025 are of one week.
    const turn = planRetention(
      of,
      policyOf({ keepWeekly: 2 }),
      ['2024-12-29', '2024-12-30', '2024-12-31', '2025-01-01'].map((day) => snapshotAt(`${day}T12:00Z`)),
    );
    expect(turn.keep.map(({ reasons }) => reasons)).toEqual([
      [{ kind: 'newest' }, { kind: 'weekly', period: '2025-W01' }],
      [{ kind: 'weekly', period: '2024-W52' }],
    ]);
  });

  it('tell the doubled hour of autumn apart, and do not miss the skipped one of spring', () => {
    const policy = policyOf({ keepHourly: 4, timeZone: 'Europe/Paris' });
    const hours = (from: string) => Array.from({ length: 6 }, (_, hour) => snapshotAt(Date.parse(from) + hour * hourMs));
    const autumn = planRetention(of, policy, hours('2024-10-26T22:30Z'));
    expect(autumn.keep.flatMap(({ reasons }) => reasons.flatMap((reason) => (reason.kind === 'hourly' ? [reason.period] : [])))).toEqual([
      '2024-10-27T04 GMT+01:00',
      '2024-10-27T03 GMT+01:00',
      '2024-10-27T02 GMT+01:00',
      '2024-10-27T02 GMT+02:00',
    ]);
    expect(planRetention(of, policy, hours('2024-03-30T23:30Z')).keep).toHaveLength(4);
  });

  it('are days of the zone of the policy', () => {
    const two = [snapshotAt('2024-05-01T22:30Z'), snapshotAt('2024-05-02T20:30Z')];
    expect(planRetention(of, policyOf({ keepDaily: 1, timeZone: 'UTC' }), two).keep).toHaveLength(1);
    expect(planRetention(of, policyOf({ keepDaily: 2, timeZone: 'UTC' }), two).keep).toHaveLength(2);
    // In Paris both are of the 2nd of May; the older is kept as the oldest of all only.
    const paris = planRetention(of, policyOf({ keepDaily: 2, timeZone: 'Europe/Paris' }), two);
    expect(reasonsAt(paris, '2024-05-01T22:30:00.000Z')).toEqual([{ kind: 'daily', period: '2024-05-02', oldest: true }]);
    expect(planRetention(of, policyOf({ keepDaily: 1, timeZone: 'Europe/Paris' }), two).keep).toHaveLength(1);
  });
});

describe('what stays whatever its age', () => {
  const old = '2020-01-01T00:00:00.000Z';
  const others = ['2024-05-01', '2024-05-02', '2024-05-03'].map((day) => snapshotAt(`${day}T00:00Z`));
  const policy = policyOf({ keepLast: 1, keepTags: ['release-*', 'v?'], keepDigests: [digestOf('2019-01-01T00:00:00.000Z')] });
  const reasonsOf = (more: Partial<RetainedSnapshot>, takenAt = old) =>
    reasonsAt(planRetention(of, policy, [snapshotAt(takenAt, more), ...others]), takenAt);

  it('is said with its reason', () => {
    expect(reasonsOf({})).toEqual([]);
    expect(reasonsOf({ tags: ['nightly', 'release-1.2', 'v1', 'v12', 'xrelease-1'] })).toEqual([
      { kind: 'tag', tag: 'release-1.2' },
      { kind: 'tag', tag: 'v1' },
    ]);
    expect(reasonsOf({ pins: [{ by: 'qa', why: 'bug 17' }] })).toEqual([{ kind: 'pin', by: 'qa', why: 'bug 17' }]);
    const index = digestOf('an index');
    expect(reasonsOf({ indexes: [index] })).toEqual([{ kind: 'index', digest: index }]);
    expect(reasonsOf({}, '2019-01-01T00:00:00.000Z')).toEqual([{ kind: 'digest' }]);
  });

  it('is everything where an environment has no policy', () => {
    const plan = planRetention(of, undefined, others);
    expect(plan.remove).toEqual([]);
    expect(plan.keep).toHaveLength(3);
  });

  it('takes a . in a tag for itself', () => {
    expect(reasonsOf({ tags: ['releaseX1'] })).toEqual([]);
    const dotted = policyOf({ keepLast: 1, keepTags: ['v1.2'] });
    expect(planRetention(of, dotted, [snapshotAt(old, { tags: ['v1x2'] }), ...others]).remove.map(({ takenAt }) => takenAt)).toContain(old);
  });
});

describe('a policy', () => {
  it('must keep something, in a zone that exists', () => {
    for (const wrong of [
      {},
      { keepTags: ['*'] },
      { keepDaily: 0 },
      { keepDaily: 1, timeZone: 'Mars/Olympus' },
      { keepLast: 1, keepTags: ['a b'] },
    ])
      expect(retentionPolicySchema.safeParse(wrong).success).toBe(false);
  });
});

describe('for any snapshots and any policy', () => {
  const zones = ['UTC', 'Europe/Paris', 'America/St_Johns', 'Pacific/Auckland', 'Australia/Lord_Howe'];
  const number = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });
  const keeps = fc
    .record({
      keepLast: number,
      keepHourly: number,
      keepDaily: number,
      keepWeekly: number,
      keepMonthly: number,
      keepYearly: number,
      timeZone: fc.constantFrom(...zones),
    })
    .filter(({ timeZone, ...counts }) => timeZone !== '' && Object.values(counts).some((value) => value !== undefined));
  const from = Date.UTC(2023, 0, 1);
  const snapshot = fc
    .record({
      at: fc.oneof(fc.integer({ min: 0, max: 730 * 24 }), fc.integer({ min: 0, max: 72 })),
      pinned: fc.boolean(),
      id: fc.integer(),
    })
    .map(({ at, pinned, id }) =>
      snapshotAt(from + at * hourMs, {
        digest: digestOf(`${at} ${id}`) as Digest,
        pins: pinned && id % 4 === 0 ? [{ by: 'qa', why: 'x' }] : [],
      }),
    );
  const snapshots = fc.uniqueArray(snapshot, { selector: ({ digest }) => digest, maxLength: 60 });
  const cleaned = (policy: Record<string, unknown>) =>
    policyOf(Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined)));
  const digests = (part: readonly { digest: string }[]): string[] => part.map(({ digest }) => digest);

  it('nothing is forgotten, the newest and the pinned stay, and planning again removes nothing more', () => {
    fc.assert(
      fc.property(keeps, snapshots, (keep, all) => {
        const policy = cleaned(keep);
        const plan = planRetention(of, policy, all);
        expect(new Set([...digests(plan.keep), ...digests(plan.remove)])).toEqual(new Set(digests(all)));
        expect(plan.keep.length + plan.remove.length).toBe(all.length);
        const newest = Math.max(...all.map(({ takenAt }) => Date.parse(takenAt)));
        if (all.length > 0) expect(plan.keep.some(({ takenAt }) => Date.parse(takenAt) === newest)).toBe(true);
        for (const { digest, pins } of all) if (pins.length > 0) expect(digests(plan.keep)).toContain(digest);
        expect(plan.keep.every(({ reasons }) => reasons.length > 0)).toBe(true);
        const again = planRetention(
          of,
          policy,
          all.filter(({ digest }) => digests(plan.keep).includes(digest)),
        );
        expect(again.remove).toEqual([]);
        const shuffled = planRetention(of, policy, [...all].reverse());
        expect(shuffled).toEqual(plan);
      }),
      { numRuns: times(60, 300) },
    );
  });

  it('a greater number never removes what a smaller one keeps', () => {
    const keys = ['keepLast', 'keepHourly', 'keepDaily', 'keepWeekly', 'keepMonthly', 'keepYearly'] as const;
    fc.assert(
      fc.property(keeps, snapshots, fc.constantFrom(...keys), fc.integer({ min: 1, max: 5 }), (keep, all, key, more) => {
        const smaller = planRetention(of, cleaned(keep), all);
        const greater = planRetention(of, cleaned({ ...keep, [key]: (keep[key] ?? 0) + more }), all);
        for (const digest of digests(smaller.keep)) expect(digests(greater.keep)).toContain(digest);
      }),
      { numRuns: times(60, 300) },
    );
  });

  it('the plan has another digest where anything in it is different', () => {
    const all = Array.from({ length: 5 }, (_, day) => snapshotAt(from + day * dayMs));
    const policy = policyOf({ keepLast: 2 });
    const plan = planRetention(of, policy, all);
    expect(planRetention(of, policy, all).digest).toBe(plan.digest);
    const changed = [
      planRetention(of, policyOf({ keepLast: 3 }), all),
      planRetention(of, policy, all.slice(1)),
      planRetention(
        of,
        policy,
        all.map((item, index) => (index === 0 ? { ...item, tags: ['x'] } : item)),
      ),
      planRetention({ ...of, environment: 'other' }, policy, all),
    ];
    for (const other of changed) expect(other.digest).not.toBe(plan.digest);
  });
});
