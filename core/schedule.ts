import * as z from 'zod/mini';
import { type Digest, digestOf } from './digest.ts';
import { isTag, schedulePattern } from './names.ts';

/** What a tag template may hold besides a tag's own characters: the slot's date and time in the schedule's time zone. */
export const templateFields = ['yyyy', 'MM', 'dd', 'HH', 'mm'] as const;
export type TemplateField = (typeof templateFields)[number];

/** A template with each field replaced by what `valueFor` says. */
export function fillTemplate(template: string, valueFor: (field: TemplateField) => string): string {
  return template.replace(/\{(\w+)\}/g, (whole, field: TemplateField) => (templateFields.includes(field) ? valueFor(field) : whole));
}

const isTemplate = (text: string): boolean => isTag(fillTemplate(text, (field) => '0'.repeat(field.length)));

const definition = {
  environment: z.string().check(z.minLength(1)),
  /** Five fields: minute, hour, day of the month, month, day of the week. */
  cron: z.string(),
  /** An IANA name, such as Europe/Paris. */
  timeZone: z.string(),
  /** For example prod-{yyyy}-{MM}-{dd}. */
  tag: z.string().check(z.refine(isTemplate, `a tag expected, which may hold ${templateFields.map((field) => `{${field}}`).join(', ')}`)),
  /** Names the latest snapshot of the schedule; moved only when one has succeeded. */
  alias: z.optional(z.string().check(z.refine(isTag, 'a tag expected'))),
  /** Whether the latest of the slots during which nothing ran is made up for. */
  catchUp: z._default(z.boolean(), false),
};
export const scheduleDefinitionSchema = z.strictObject(definition);
export type ScheduleDefinition = z.infer<typeof scheduleDefinitionSchema>;

const time = z.string();

export const missedSlotSchema = z.strictObject({
  slot: time,
  noticedAt: time,
  /** `nothing-ran`: no registry did, or its queue was out of reach. `previous-not-ended`: the job of the slot before still waited or ran. */
  reason: z.enum(['nothing-ran', 'previous-not-ended', 'environment-unknown']),
  /** The job that makes up for it. */
  job: z.optional(z.string()),
});
export type MissedSlot = z.infer<typeof missedSlotSchema>;

const state = {
  name: z.string().check(z.regex(schedulePattern, 'a name of lower-case letters, digits, - and _ expected')),
  enabled: z.boolean(),
  createdAt: time,
  updatedAt: time,
  lastRun: z.optional(z.strictObject({ slot: time, job: z.string() })),
  /** The latest, the newest first. */
  missed: z.array(missedSlotSchema),
};

/** A schedule as it is stored. */
export const scheduleRecordSchema = z.strictObject({
  version: z.literal(1),
  ...definition,
  ...state,
  /** Every slot up to this time has its job or is among the missed. */
  handledUntil: time,
});
export type ScheduleRecord = z.infer<typeof scheduleRecordSchema>;

export const createScheduleSchema = z.strictObject({ name: state.name, ...definition });
export const scheduleViewSchema = z.strictObject({
  ...definition,
  ...state,
  /** The next slots (RFC 3339, UTC); none while it is paused. */
  next: z.array(time),
});
export type ScheduleView = z.infer<typeof scheduleViewSchema>;

/** Names what people made of a schedule: another one after each change by somebody, the same one while its slots come and go. */
export function scheduleVersion(schedule: ScheduleRecord | ScheduleView): Digest {
  const { environment, cron, timeZone, tag, alias = null, catchUp, enabled, createdAt, updatedAt } = schedule;
  return digestOf(JSON.stringify([environment, cron, timeZone, tag, alias, catchUp, enabled, createdAt, updatedAt]));
}

/** Where schedules are kept. @throws DynDataError as the object store does; CONFLICT where somebody else was faster. */
export type ScheduleStore = {
  /** In ascending order of the names. */
  list(): AsyncIterable<ScheduleRecord>;
  read(name: string): Promise<{ readonly record: ScheduleRecord; readonly etag: string } | undefined>;
  write(record: ScheduleRecord, expected: 'absent' | { readonly etag: string }): Promise<void>;
  /** @param etag of the record that is to be removed, and no other one of its name */
  remove(name: string, etag: string): Promise<void>;
};

/**
 * Runs builds at their times. Contract (test/contracts/schedules.ts): each slot gets at most one job, however many registries are up; a slot
 * during which nothing ran is recorded; the slots while a schedule is paused are none. A job that fails is no missed slot: it says so itself.
 * `expected` is the version (scheduleVersion) that a change is of: one that somebody else has changed meanwhile stays as he made it (CONFLICT), also
 * where another registry was asked. Without it a change is made to whatever there is.
 * @throws DynDataError SCHEDULE_UNKNOWN, CONFLICT, and as the store and the queue do.
 */
export type Schedules = {
  /** @throws SCHEDULE_INVALID, SCHEDULE_EXISTS, ENVIRONMENT_UNKNOWN */
  create(name: string, definition: ScheduleDefinition): Promise<ScheduleView>;
  list(): AsyncIterable<ScheduleView>;
  get(name: string): Promise<ScheduleView>;
  /** Slots of the old definition that are not due yet are none any more. @throws SCHEDULE_INVALID, ENVIRONMENT_UNKNOWN */
  update(name: string, definition: ScheduleDefinition, expected?: string): Promise<ScheduleView>;
  remove(name: string, expected?: string): Promise<void>;
  pause(name: string, expected?: string): Promise<ScheduleView>;
  resume(name: string, expected?: string): Promise<ScheduleView>;
  /**
   * The id of a job as for a slot now (`at` another time), whatever the times say and also while it is paused; the same one for the same key.
   * @throws IDEMPOTENCY_CONFLICT
   */
  run(name: string, options?: { readonly idempotencyKey?: string; readonly at?: Date }): Promise<string>;
};
