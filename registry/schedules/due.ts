import type { MissedSlot, ScheduleRecord } from '../../core/index.ts';
import { slotsBetween } from './slots.ts';

/** A slot whose job is made this late still counts as on time: a registry that restarts, a Redis that is away for a moment. */
const onTimeMs = 5 * 60_000;
const keptMissed = 50;

export type Due = {
  /** The slot to run a build for, if any. */
  readonly run?: { readonly slot: Date; readonly isLate: boolean };
  readonly missed: readonly MissedSlot[];
};

/** What is to be done about the slots that have come since the schedule was last looked at; undefined where none has. */
export function dueSlots(
  schedule: ScheduleRecord,
  now: Date,
  known: { readonly hasEnvironment: boolean; readonly isPreviousOpen: boolean },
): Due | undefined {
  const slots = slotsBetween(schedule, new Date(schedule.handledUntil), now);
  const latest = slots.at(-1);
  if (!latest) return undefined;
  const noticedAt = now.toISOString();
  const missedFor = (slot: Date, reason: MissedSlot['reason']): MissedSlot => ({ slot: slot.toISOString(), noticedAt, reason });
  const older = slots.slice(0, -1).map((slot) => missedFor(slot, 'nothing-ran'));
  if (!known.hasEnvironment) return { missed: [...older, missedFor(latest, 'environment-unknown')] };
  if (known.isPreviousOpen) return { missed: [...older, missedFor(latest, 'previous-not-ended')] };
  const isLate = now.getTime() - latest.getTime() > onTimeMs;
  if (!isLate) return { run: { slot: latest, isLate }, missed: older };
  const missed = [...older, missedFor(latest, 'nothing-ran')];
  return schedule.catchUp ? { run: { slot: latest, isLate }, missed } : { missed };
}

/** The record once `due` is done. */
export function afterDue(schedule: ScheduleRecord, { run, missed }: Due, now: Date, job: string | undefined): ScheduleRecord {
  const noted = missed.map((slot) => (run?.isLate && job !== undefined && slot.slot === run.slot.toISOString() ? { ...slot, job } : slot));
  return {
    ...schedule,
    handledUntil: now.toISOString(),
    ...(run && job !== undefined ? { lastRun: { slot: run.slot.toISOString(), job } } : {}),
    missed: [...noted.toReversed(), ...schedule.missed].slice(0, keptMissed),
  };
}
