import * as z from 'zod/mini';
import { type Digest, digestPattern } from './digest.ts';

const digest = z.string().check(z.regex(digestPattern)) as unknown as z.ZodMiniType<Digest>;

/** Every kind of state change there is, as `what.how`. */
export const auditActions = [
  'snapshot.create',
  'snapshot.publish',
  'job.create',
  'job.cancel',
  'job.retry',
  'schedule.create',
  'schedule.update',
  'schedule.remove',
  'schedule.pause',
  'schedule.resume',
  'schedule.run',
  'tag.move',
  'tag.remove',
  'pin.create',
  'pin.remove',
  'manifest.push',
  'manifest.remove',
  'blob.remove',
  'token.create',
  'token.rotate',
  'token.revoke',
] as const;

/** `local`: whoever reaches the loopback interface of a registry without authentication. `builder`: a build that was asked for before. */
export const auditActorSchema = z.strictObject({
  kind: z.enum(['token', 'local', 'builder', 'registry']),
  tokenId: z.optional(z.string()),
  name: z.string(),
});
export type AuditActor = z.infer<typeof auditActorSchema>;

/** What is said of one change before it is made. */
export const auditEventSchema = z.strictObject({
  actor: auditActorSchema,
  /** Of the client, as the registry's trusted proxies tell it. */
  address: z.optional(z.string()),
  requestId: z.optional(z.string()),
  action: z.enum(auditActions),
  /** `repository:tag`, `repository@digest`, an environment, a job's or a token's id. */
  target: z.string(),
  /** State before and after, where there is one: a digest, a role with its repositories. */
  from: z.optional(z.string()),
  to: z.optional(z.string()),
  /** The change that entry `number` announced was not made, or is not known to have been made, because of this error. */
  failure: z.optional(z.strictObject({ number: z.int(), code: z.string() })),
});
export type AuditEvent = z.infer<typeof auditEventSchema>;

/**
 * One entry. `previous` is the digest of the entry before it, as stored, so that no entry can be changed, taken out or put in between
 * without all later ones telling; the first names {@link noEntry}.
 */
export const auditEntrySchema = z.strictObject({
  version: z.literal(1),
  number: z.int().check(z.minimum(1)),
  previous: digest,
  at: z.string(),
  ...auditEventSchema.shape,
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

export const noEntry: Digest = `sha256:${'0'.repeat(64)}`;

/** Stands for the whole log up to it. */
export const auditHeadSchema = z.strictObject({ number: z.int(), hash: digest });
export type AuditHead = z.infer<typeof auditHeadSchema>;

/** An entry and its own digest. */
export const auditEntryViewSchema = z.strictObject({ ...auditEntrySchema.shape, hash: digest });
export type AuditEntryView = z.infer<typeof auditEntryViewSchema>;

export const auditVerificationSchema = z.strictObject({
  /** Entries that were read and are whole. */
  entries: z.int(),
  /** The last of them; keep it elsewhere to notice later that the log was cut. Absent where there are none. */
  head: z.optional(auditHeadSchema),
  /** The first entry that is not what it should be; absent where all are. */
  broken: z.optional(z.strictObject({ number: z.int(), reason: z.string() })),
});
export type AuditVerification = z.infer<typeof auditVerificationSchema>;

/**
 * The append-only log of state changes. Contract (test/contracts/audit-log.ts): numbers begin at 1 and have no gap, also when several
 * processes append at once; an entry is durable when `append` resolves.
 * @throws DynDataError as the object store does, and CONFLICT where too many append at once.
 */
export type AuditLog = {
  append(event: AuditEvent): Promise<AuditEntryView>;
  /** Newest first, from the number below `below`; an entry that is damaged or gone is left out (see `verify`). */
  entries(options?: { readonly below?: number; readonly signal?: AbortSignal }): AsyncIterable<AuditEntryView>;
  /** Reads every entry. @param known a head kept elsewhere, which must still be in the log */
  verify(options?: { readonly known?: AuditHead; readonly signal?: AbortSignal }): Promise<AuditVerification>;
};
