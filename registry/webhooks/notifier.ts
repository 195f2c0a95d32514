import { createHash } from 'node:crypto';
import {
  isEnded,
  type Job,
  type MissedSlot,
  type ScheduleRecord,
  type WebhookBody,
  type WebhookConfig,
  type WebhookEvent,
} from '../../core/index.ts';
import type { Sender } from './sender.ts';

export type Notifier = {
  jobEnded(job: Job): void;
  slotMissed(schedule: Pick<ScheduleRecord, 'name' | 'environment'>, missed: MissedSlot): void;
};

/** Tells each webhook what it wants to know. The ids follow from what is told, so that the same thing told twice is the same delivery. */
export function createNotifier(webhooks: readonly Pick<WebhookConfig, 'name' | 'events'>[], sender: Sender, clock: () => Date): Notifier {
  const tell = (event: WebhookEvent, subject: string, more: Pick<WebhookBody, 'job' | 'missed'>): void => {
    const id = createHash('sha256').update(`${event}\0${subject}`).digest('hex').slice(0, 32);
    const body: WebhookBody = { version: 1, id, event, at: clock().toISOString(), ...more };
    for (const { name, events } of webhooks) if (!events || events.includes(event)) sender.send(name, body);
  };
  return {
    jobEnded(job) {
      if (isEnded(job.state)) tell(`job.${job.state as 'succeeded' | 'failed' | 'cancelled'}`, job.id, { job });
    },
    slotMissed({ name, environment }, missed) {
      tell('schedule.missed', `${name} ${missed.slot}`, { missed: { schedule: name, environment, ...missed } });
    },
  };
}
