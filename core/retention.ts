import * as z from 'zod/mini';
import { createCalendar, isTimeZone, type Periods } from './calendar.ts';
import { canonicalJson } from './canonical-json.ts';
import { type Digest, digestOf, digestPattern } from './digest.ts';
import { pinSchema } from './pins.ts';

const digest = z.string().check(z.regex(digestPattern)) as unknown as z.ZodMiniType<Digest>;
const count = z.optional(z.int().check(z.minimum(1), z.maximum(100_000)));
const tagGlob = z.string().check(z.regex(/^[\w.*?-]{1,128}$/, 'a tag expected, in which * stands for any characters and ? for one'));

const periods = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const satisfies readonly (keyof Periods)[];
type Rule = 'last' | (typeof periods)[number];
const keepKeys = {
  last: 'keepLast',
  hourly: 'keepHourly',
  daily: 'keepDaily',
  weekly: 'keepWeekly',
  monthly: 'keepMonthly',
  yearly: 'keepYearly',
} as const satisfies Record<Rule, string>;

/**
 * Which snapshots of an environment stay. Each `keep…: n` keeps the newest snapshot of each of the last n periods that have one, as
 * `restic forget` does; what any of them keeps stays.
 */
export const retentionPolicySchema = z
  .strictObject({
    keepLast: count,
    keepHourly: count,
    keepDaily: count,
    keepWeekly: count,
    keepMonthly: count,
    keepYearly: count,
    /** Whose days, weeks, months and years are meant. */
    timeZone: z._default(z.string().check(z.refine(isTimeZone, 'an IANA name such as Europe/Paris expected')), 'UTC'),
    /** What has a tag like one of these stays. */
    keepTags: z._default(z.array(tagGlob), []),
    /** These stay: the digests that lockfiles name, for one. */
    keepDigests: z._default(z.array(digest), []),
  })
  // Without any, everything would go.
  .check(
    z.refine((policy) => Object.values(keepKeys).some((key) => policy[key] !== undefined), {
      path: ['keepLast'],
      message: 'at least one of keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly and keepYearly expected',
    }),
  );
export type RetentionPolicy = z.infer<typeof retentionPolicySchema>;

/** Why a snapshot stays. `period` names the day, the week … that it stands for. */
export const keepReasonSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('newest') }),
  z.strictObject({ kind: z.literal('last') }),
  z.strictObject({ kind: z.enum(periods), period: z.string(), oldest: z.optional(z.literal(true)) }),
  z.strictObject({ kind: z.literal('tag'), tag: z.string() }),
  z.strictObject({ kind: z.literal('digest') }),
  z.strictObject({ kind: z.literal('pin'), by: z.string(), why: z.string(), until: z.optional(z.string()) }),
  z.strictObject({ kind: z.literal('index'), digest: z.string() }),
]);
export type KeepReason = z.infer<typeof keepReasonSchema>;

const plannedSnapshot = { digest, takenAt: z.string(), sizeBytes: z.int(), tags: z.array(z.string()) };

export const retentionPlanSchema = z.strictObject({
  version: z.literal(1),
  environment: z.string(),
  repository: z.string(),
  /** Absent where the environment has none, so that everything is kept. */
  policy: z.optional(retentionPolicySchema),
  /** The newest first. */
  keep: z.array(z.strictObject({ ...plannedSnapshot, reasons: z.array(keepReasonSchema) })),
  remove: z.array(z.strictObject(plannedSnapshot)),
  /** Stands for all of the above: who applies the plan names it, and gets exactly what was shown or nothing. */
  digest,
});
export type RetentionPlan = z.infer<typeof retentionPlanSchema>;

/** Without a plan, the one of the moment counts. */
export const applyRetentionSchema = z.strictObject({ dryRun: z.boolean(), plan: z.optional(digest) });

/** Why a snapshot that was to be removed is still there. */
export const snapshotHoldsSchema = z.strictObject({
  tags: z.array(z.string()),
  pins: z.array(pinSchema),
  /** Image indexes that have it in them. */
  indexes: z.array(digest),
  /** The same data was snapshotted once more since. */
  isTakenAgain: z.boolean(),
});
export type SnapshotHolds = z.infer<typeof snapshotHoldsSchema>;

export const retainedOutcomeSchema = z.strictObject({
  plan: digest,
  /** How many the plan keeps. */
  kept: z.int(),
  /** Of a dry run, what would be removed. */
  removed: z.array(digest),
  /** What came to hold one between the plan and the removal. */
  held: z.array(z.strictObject({ digest, holds: snapshotHoldsSchema })),
});
export type RetainedOutcome = z.infer<typeof retainedOutcomeSchema>;

/** What may go with a snapshot that is removed by hand: every tag and every pin that holds it must be named. */
export const removeSnapshotSchema = z.strictObject({ tags: z.array(z.string()), pins: z.array(z.string()) });

/** A snapshot as retention looks at it. */
export type RetainedSnapshot = {
  readonly digest: Digest;
  readonly takenAt: string;
  readonly sizeBytes: number;
  readonly tags: readonly string[];
  /** Those in force. */
  readonly pins: readonly { readonly by: string; readonly why: string; readonly until?: string | undefined }[];
  /** Image indexes of the repository that have it in them. */
  readonly indexes: readonly Digest[];
};

/**
 * Decides for each snapshot of one environment whether it stays, and why. A pure function of its arguments: the order of `snapshots` does
 * not matter, applying the plan and planning again removes nothing more, and a greater number in the policy never removes what a smaller
 * one keeps. The newest snapshot always stays.
 *
 * As restic does it, the oldest snapshot of all stays too while a rule has not yet found as many periods as it is to keep: so the first
 * snapshot of a new environment lives on as the yearly one until there are enough years.
 */
export function planRetention(
  of: { readonly environment: string; readonly repository: string },
  policy: RetentionPolicy | undefined,
  snapshots: readonly RetainedSnapshot[],
): RetentionPlan {
  const newestFirst = [...snapshots].sort((a, b) => Date.parse(b.takenAt) - Date.parse(a.takenAt) || (a.digest < b.digest ? -1 : 1));
  const byRule = policy ? reasonsByRule(policy, newestFirst) : newestFirst.map((): KeepReason[] => []);
  const keep: RetentionPlan['keep'] = [];
  const remove: RetentionPlan['remove'] = [];
  for (const [index, snapshot] of newestFirst.entries()) {
    const { digest: ofSnapshot, takenAt, sizeBytes } = snapshot;
    const planned = { digest: ofSnapshot, takenAt, sizeBytes, tags: [...snapshot.tags].sort() };
    const reasons: KeepReason[] = [
      ...(index === 0 ? [{ kind: 'newest' as const }] : []),
      ...(byRule[index] ?? []),
      ...(policy ? exemptions(policy, snapshot) : []),
    ];
    if (!policy || reasons.length > 0) keep.push({ ...planned, reasons });
    else remove.push(planned);
  }
  const plan = { version: 1 as const, ...of, ...(policy ? { policy } : {}), keep, remove };
  return { ...plan, digest: digestOf(canonicalJson(plan)) };
}

function reasonsByRule(policy: RetentionPolicy, newestFirst: readonly RetainedSnapshot[]): KeepReason[][] {
  const periodsOf = createCalendar(policy.timeZone);
  const rules = periods.map((kind) => ({ kind, left: policy[keepKeys[kind]] ?? 0, latest: '' }));
  const keepLast = policy.keepLast ?? 0;
  return newestFirst.map(({ takenAt }, index) => {
    const reasons: KeepReason[] = index < keepLast ? [{ kind: 'last' }] : [];
    const names = periodsOf(new Date(takenAt));
    for (const rule of rules) {
      if (rule.left === 0) continue;
      const period = names[rule.kind];
      const isNewPeriod = period !== rule.latest;
      if (!isNewPeriod && index < newestFirst.length - 1) continue;
      rule.left -= 1;
      rule.latest = period;
      reasons.push({ kind: rule.kind, period, ...(isNewPeriod ? {} : { oldest: true as const }) });
    }
    return reasons;
  });
}

function exemptions(policy: RetentionPolicy, snapshot: RetainedSnapshot): KeepReason[] {
  const patterns = policy.keepTags.map(globPattern);
  return [
    ...snapshot.tags.filter((tag) => patterns.some((pattern) => pattern.test(tag))).map((tag) => ({ kind: 'tag' as const, tag })),
    ...(policy.keepDigests.includes(snapshot.digest) ? [{ kind: 'digest' as const }] : []),
    ...snapshot.pins.map(({ by, why, until }) => ({ kind: 'pin' as const, by, why, ...(until === undefined ? {} : { until }) })),
    ...snapshot.indexes.map((index) => ({ kind: 'index' as const, digest: index })),
  ];
}

function globPattern(glob: string): RegExp {
  const source = glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}
