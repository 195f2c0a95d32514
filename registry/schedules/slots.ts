import { CronExpressionParser } from 'cron-parser';
import { createZonedClock, DynDataError, fillTemplate, isTimeZone, type ScheduleDefinition, type TemplateField } from '../../core/index.ts';

type Times = Pick<ScheduleDefinition, 'cron' | 'timeZone'>;

/** Clocks are put forward or back by an hour, seldom by less, and the times that this concerns are as far from the change. */
const longestChangeMs = 3 * 3_600_000;
/** More are not told one by one. */
const countedSlots = 1000;

/**
 * The slots after `after`, in order. Where the clocks are put forward, a fixed time inside the skipped hour is taken as long after
 * midnight as on other days, so 02:30 becomes 03:30; where they are put back, a fixed time inside the doubled hour is taken the first
 * time only. Times that recur all day (`*` or a step in the hours) go by the time that passes, so none is skipped or doubled.
 */
export function* slotsAfter({ cron, timeZone }: Times, after: Date): Generator<Date> {
  const times = CronExpressionParser.parse(cron, { tz: timeZone, currentDate: startBefore(after, timeZone) });
  let slot = after;
  for (;;) {
    const next = times.next().toDate();
    // Each once, whatever the clocks do.
    if (next <= slot) continue;
    slot = next;
    yield slot;
  }
}

/**
 * What the clock shows right after a change does not tell which times were skipped, or have been already; whoever counts on from before
 * the change knows.
 */
function startBefore(after: Date, timeZone: string): Date {
  const before = new Date(after.getTime() - longestChangeMs);
  const clockAt = createZonedClock(timeZone);
  return clockAt(before).get('timeZoneName') === clockAt(after).get('timeZoneName') ? after : before;
}

export function nextSlots(times: Times, after: Date, count: number): Date[] {
  const slots: Date[] = [];
  for (const slot of slotsAfter(times, after)) if (slots.push(slot) === count) break;
  return slots;
}

/** The slots in (after, until]; of very many, the last ones. */
export function slotsBetween(times: Times, after: Date, until: Date): Date[] {
  const slots: Date[] = [];
  for (const slot of slotsAfter(times, after)) {
    if (slot > until) break;
    slots.push(slot);
    if (slots.length > countedSlots) slots.shift();
  }
  return slots;
}

/** The tag of a slot. */
export function tagOf({ tag, timeZone }: Pick<ScheduleDefinition, 'tag' | 'timeZone'>, slot: Date): string {
  const parts = createZonedClock(timeZone)(slot);
  const partOf = { yyyy: 'year', MM: 'month', dd: 'day', HH: 'hour', mm: 'minute' } as const satisfies Record<TemplateField, string>;
  return fillTemplate(tag, (field) => parts.get(partOf[field]) ?? '');
}

/** @throws DynDataError SCHEDULE_INVALID naming what is wrong. */
export function requireTimes({ cron, timeZone }: Times): void {
  const details: string[] = [];
  if (!isTimeZone(timeZone)) details.push('timeZone: an IANA name such as Europe/Paris expected');
  try {
    // `H` would be another time on each machine.
    if (/(?:^|[ ,/-])H(?:[ (,/]|$)/i.test(cron)) throw new RangeError('no H expected');
    if (!/^[\d*,/A-Za-z#?-]+(?: [\d*,/A-Za-z#?-]+){4}$/.test(cron)) throw new RangeError('five fields expected');
    const [next] = nextSlots({ cron, timeZone: 'UTC' }, new Date(0), 1);
    if (!next) throw new RangeError('no time expected');
  } catch {
    details.push(
      'cron: five fields expected (minute, hour, day of the month, month, day of the week), such as "30 2 * * 1-5" for 02:30 on working days',
    );
  }
  if (details.length > 0)
    throw new DynDataError('SCHEDULE_INVALID', 'The schedule is not valid. Correct the keys named below.', { details });
}
