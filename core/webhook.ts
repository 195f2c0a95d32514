import * as z from 'zod/mini';
import { jobSchema } from './job.ts';
import { missedSlotSchema } from './schedule.ts';

export const webhookEvents = ['job.succeeded', 'job.failed', 'job.cancelled', 'schedule.missed'] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

/** What is sent to the addresses of the configuration's `webhooks`. */
export const webhookBodySchema = z.strictObject({
  version: z.literal(1),
  /** The same each time that the same thing is told again. */
  id: z.string(),
  event: z.enum(webhookEvents),
  at: z.string(),
  job: z.optional(jobSchema),
  missed: z.optional(z.strictObject({ schedule: z.string(), environment: z.string(), ...missedSlotSchema.shape })),
});
export type WebhookBody = z.infer<typeof webhookBodySchema>;

/** Headers of a delivery. The signature is `t=<seconds since 1970>,v1=<hexadecimal HMAC-SHA-256 of "<t>.<body>" under the secret>`. */
export const webhookHeaders = { event: 'dyn-data-event', delivery: 'dyn-data-delivery', signature: 'dyn-data-signature' } as const;
