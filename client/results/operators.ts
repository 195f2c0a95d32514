import * as z from 'zod/mini';
import { auditEntryViewSchema, auditVerificationSchema } from '../../core/audit.ts';
import { snapshotViewSchema, tagViewSchema } from '../../core/contract.ts';
import { jobLogEntrySchema, jobSchema } from '../../core/job.ts';
import { pinSchema } from '../../core/pins.ts';
import { policyCheckSchema, policyPreviewSchema, policySuggestionSchema } from '../../core/policy-tools.ts';
import { retainedOutcomeSchema, retentionPlanSchema } from '../../core/retention.ts';
import { scheduleViewSchema } from '../../core/schedule.ts';
import { issuedTokenSchema, tokenViewSchema } from '../../core/tokens.ts';

// What the commands for operators and admins print with --json: mostly what the registry's API answers.

const version = z.literal(1);
const text = z.string();

const tag = z.strictObject({ version, repository: text, ...tagViewSchema.shape });
const removed = z.strictObject({ version, repository: text, digest: text, tags: z.array(text), pins: z.array(text) });
const token = z.strictObject({ version, token: tokenViewSchema });
const issued = z.strictObject({ version, ...issuedTokenSchema.shape });

export const operatorResults = {
  'snapshot create': jobSchema,
  'snapshot show': z.strictObject({ version, snapshot: snapshotViewSchema, pins: z.array(pinSchema) }),
  'snapshot rm': removed,
  rm: removed,
  'snapshot pin': pinSchema,
  'snapshot unpin': z.strictObject({ version, repository: text, digest: text, pin: text }),
  'tag list': z.strictObject({ version, repository: text, tags: z.array(tagViewSchema) }),
  'tag show': tag,
  'tag set': tag,
  'tag rm': z.strictObject({ version, repository: text, tag: text, digest: text }),
  'retention plan': z.strictObject({ version, plans: z.array(retentionPlanSchema) }),
  'retention apply': z.strictObject({
    version,
    dryRun: z.boolean(),
    applied: z.array(z.strictObject({ environment: text, job: text, ...retainedOutcomeSchema.shape })),
  }),
  collect: jobSchema,
  'jobs list': z.strictObject({ version, jobs: z.array(jobSchema) }),
  'jobs show': jobSchema,
  'jobs follow': jobSchema,
  'jobs cancel': jobSchema,
  'jobs retry': jobSchema,
  'jobs verify': jobSchema,
  'jobs log': z.strictObject({ version, job: text, entries: z.array(jobLogEntrySchema) }),
  'schedule list': z.strictObject({ version, schedules: z.array(scheduleViewSchema) }),
  'schedule create': scheduleViewSchema,
  'schedule change': scheduleViewSchema,
  'schedule show': scheduleViewSchema,
  'schedule pause': scheduleViewSchema,
  'schedule resume': scheduleViewSchema,
  'schedule run': jobSchema,
  'schedule rm': z.strictObject({ version, name: text, removed: z.literal(true) }),
  'policy suggest': z.strictObject({ ...policySuggestionSchema.shape, file: z.optional(text) }),
  'policy check': z.strictObject({ ...policyCheckSchema.shape, preview: z.optional(policyPreviewSchema) }),
  'policy diff': z.strictObject({
    version,
    before: text,
    after: text,
    /** Where a snapshot is compared: whether the whole policies have one digest. */
    samePolicy: z.optional(z.boolean()),
    changes: z.array(
      z.strictObject({
        change: z.enum(['added', 'removed', 'changed']),
        place: text,
        effect: z.optional(z.enum(['weaker', 'stronger'])),
        before: z.optional(text),
        after: z.optional(text),
      }),
    ),
  }),
  'token create': issued,
  'token list': z.strictObject({ version, tokens: z.array(tokenViewSchema) }),
  'token show': token,
  'token rotate': issued,
  'token revoke': token,
  'token generate': z.strictObject({ version, id: text, text }),
  'audit list': z.strictObject({ version, entries: z.array(auditEntryViewSchema) }),
  'audit verify': z.strictObject({ version, ...auditVerificationSchema.shape }),
};
