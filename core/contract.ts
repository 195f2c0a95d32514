import * as z from 'zod/mini';
import type { RouteAccess } from './access.ts';
import { auditEntryViewSchema, auditVerificationSchema } from './audit.ts';
import { snapshotRecordSchema } from './catalog.ts';
import { contentDigestSchema } from './content-digest.ts';
import { digestPattern } from './digest.ts';
import { DynDataError } from './errors.ts';
import { jobLogEntrySchema, jobRequestSchema, jobSchema } from './job.ts';
import { isRepository, isTag } from './names.ts';
import { createPinSchema, pinSchema } from './pins.ts';
import {
  policyCheckSchema,
  policyPreviewRequestSchema,
  policyPreviewSchema,
  policySuggestionSchema,
  policyTextSchema,
} from './policy-tools.ts';
import { applyRetentionSchema, removeSnapshotSchema, retentionPlanSchema } from './retention.ts';
import { createScheduleSchema, scheduleDefinitionSchema, scheduleViewSchema } from './schedule.ts';
import { createTokenSchema, identitySchema, issuedTokenSchema, rotateTokenSchema, tokenViewSchema } from './tokens.ts';

const repository = z.string().check(z.refine(isRepository, 'a repository name expected'));
const tag = z.string().check(z.refine(isTag, 'a tag expected (letters, digits, ., _ and -, at most 128)'));
const digest = z.string().check(z.regex(digestPattern, 'a digest expected'));

export const createSnapshotSchema = z.strictObject({ environment: z.string(), tag: z.optional(tag), alias: z.optional(tag) });
/** Builds are asked for as snapshots; the other kinds by their name. */
export const createJobSchema = z.strictObject({ kind: z.enum(['verify']), repository, snapshot: jobRequestSchema.shape.snapshot });
export const moveTagSchema = z.strictObject({ digest });
export const snapshotViewSchema = z.strictObject({ ...snapshotRecordSchema.shape, tags: z.array(z.string()) });
export const tagViewSchema = z.strictObject({ tag, digest: contentDigestSchema, movedAt: z.string() });

/** One page of a list; `next` is the query value `after` of the following page, absent on the last. */
const page = <T extends z.ZodMiniType>(item: T) => z.strictObject({ items: z.array(item), next: z.optional(z.string()) });

export const snapshotPageSchema = page(snapshotViewSchema);
export const tagPageSchema = page(tagViewSchema);
export const jobPageSchema = page(jobSchema);
export const jobLogPageSchema = page(jobLogEntrySchema);
export const schedulePageSchema = page(scheduleViewSchema);
export const environmentPageSchema = page(z.strictObject({ name: z.string(), repository, sources: z.array(z.string()) }));

export const tokenListSchema = page(tokenViewSchema);
export const auditPageSchema = page(auditEntryViewSchema);
export const pinPageSchema = page(pinSchema);
export const collectSchema = z.strictObject({ dryRun: z.boolean() });

export type SnapshotView = z.infer<typeof snapshotViewSchema>;

type RouteBase = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: `/api/v1/${string}`;
  readonly summary: string;
  readonly body?: z.ZodMiniType;
  readonly status: 200 | 201 | 202 | 204;
  readonly answer?: z.ZodMiniType;
  /** The answer has an ETag, for the conditions of a change of what it shows. */
  readonly etag?: true;
  /**
   * What the change can be made conditional on: `If-Match` with that ETag, `If-None-Match: *`. Where the condition does not hold, nothing is changed
   * (412). On all other changes such a header is refused, so that nobody relies on one in vain.
   */
  readonly conditions?: readonly Condition[];
};

export type Condition = 'If-Match' | 'If-None-Match';

/** A route says who may use it, and has the parameter or the part of its body that its access is decided by; without that it is no route. */
export type Route = RouteBase &
  (
    | { readonly method: 'GET' | 'PUT' | 'DELETE' }
    /**
     * What a POST that is sent twice would make twice. `something` and `secret` take the header `Idempotency-Key`; the answer of a `secret`
     * holds one, so it is never given again.
     */
    | { readonly method: 'POST'; readonly creates: 'something' | 'secret' | 'nothing' }
  ) &
  (
    | { readonly path: `${string}{repository}${string}`; readonly access: RouteAccess<'repository'> }
    | { readonly path: `${string}{environment}${string}`; readonly access: RouteAccess<'environment'> }
    | { readonly path: `${string}{id}${string}`; readonly access: RouteAccess<'job'> }
    | { readonly path: `${string}{name}${string}`; readonly access: RouteAccess<'schedule'> }
    | { readonly body: z.ZodMiniObject<{ environment: z.ZodMiniString }>; readonly access: RouteAccess<'body.environment'> }
    | { readonly access: RouteAccess<'visible' | 'registry'> }
  );

/** One that makes something, so that sending its request twice matters. */
export type CreatingRoute = Route & { readonly creates: 'something' | 'secret' };

/**
 * The API below `/api/v1`, the one description that server and client share, and that says who may do what. `{}` parts are path parameters, URL-encoded; a repository
 * in a path has its `/` encoded. Errors are `application/problem+json` (see `Problem`). Lists take `?limit=` (1–1000, default 100) and `?after=`.
 * What creates something takes a header `Idempotency-Key` (at most 200 characters): the same request with the same key creates it once.
 */
export const routes = {
  createSnapshot: {
    method: 'POST',
    creates: 'something',
    path: '/api/v1/snapshots',
    summary: 'Take a snapshot of an environment',
    access: { role: 'operator', within: 'body.environment' },
    body: createSnapshotSchema,
    status: 202,
    answer: jobSchema,
  },
  listSnapshots: {
    method: 'GET',
    path: '/api/v1/repositories/{repository}/snapshots',
    summary: 'List the snapshots of a repository',
    access: { role: 'reader', within: 'repository' },
    status: 200,
    answer: snapshotPageSchema,
  },
  showSnapshot: {
    method: 'GET',
    path: '/api/v1/repositories/{repository}/snapshots/{digest}',
    summary: 'Show one snapshot',
    access: { role: 'reader', within: 'repository' },
    status: 200,
    answer: snapshotViewSchema,
  },
  listTags: {
    method: 'GET',
    path: '/api/v1/repositories/{repository}/tags',
    summary: 'List the tags of a repository',
    access: { role: 'reader', within: 'repository' },
    status: 200,
    answer: tagPageSchema,
  },
  showTag: {
    method: 'GET',
    path: '/api/v1/repositories/{repository}/tags/{tag}',
    summary: 'Show what a tag names',
    access: { role: 'reader', within: 'repository' },
    status: 200,
    etag: true,
    answer: tagViewSchema,
  },
  moveTag: {
    method: 'PUT',
    path: '/api/v1/repositories/{repository}/tags/{tag}',
    summary: 'Let a tag name a snapshot',
    access: { role: 'operator', within: 'repository' },
    body: moveTagSchema,
    status: 200,
    etag: true,
    conditions: ['If-Match', 'If-None-Match'],
    answer: tagViewSchema,
  },
  removeTag: {
    method: 'DELETE',
    path: '/api/v1/repositories/{repository}/tags/{tag}',
    summary: 'Remove a tag; never a snapshot',
    access: { role: 'operator', within: 'repository' },
    status: 204,
    conditions: ['If-Match'],
  },
  listPins: {
    method: 'GET',
    path: '/api/v1/repositories/{repository}/pins',
    summary: 'List what holds snapshots of a repository back from removal',
    access: { role: 'reader', within: 'repository' },
    status: 200,
    answer: pinPageSchema,
  },
  pinSnapshot: {
    method: 'POST',
    creates: 'something',
    path: '/api/v1/repositories/{repository}/snapshots/{digest}/pins',
    summary: 'Hold a snapshot back from removal, in the name of who asks',
    access: { role: 'operator', within: 'repository' },
    body: createPinSchema,
    status: 201,
    answer: pinSchema,
  },
  unpinSnapshot: {
    method: 'DELETE',
    path: '/api/v1/repositories/{repository}/snapshots/{digest}/pins/{pin}',
    summary: 'Take a pin away',
    access: { role: 'operator', within: 'repository' },
    status: 204,
  },
  /** Refused with SNAPSHOT_HELD while a tag or a pin that the body does not name holds it. Its blobs are the collector's. */
  removeSnapshot: {
    method: 'POST',
    creates: 'nothing',
    path: '/api/v1/repositories/{repository}/snapshots/{digest}/removal',
    summary: 'Remove a snapshot with the tags and the pins that are named, if nothing else holds it',
    access: { role: 'operator', within: 'repository' },
    body: removeSnapshotSchema,
    status: 204,
  },
  planRetention: {
    method: 'GET',
    path: '/api/v1/environments/{environment}/retention',
    summary: 'Show which snapshots of an environment its retention keeps, why, and which it would remove',
    access: { role: 'reader', within: 'environment' },
    status: 200,
    answer: retentionPlanSchema,
  },
  /** A job that does what the named plan says, or nothing: PLAN_OUTDATED where there is another plan by now. */
  applyRetention: {
    method: 'POST',
    creates: 'something',
    path: '/api/v1/environments/{environment}/retention',
    summary: 'Ask for the removal of what a plan of retention removes, or for what it would remove (dryRun)',
    access: { role: 'operator', within: 'environment' },
    body: applyRetentionSchema,
    status: 202,
    answer: jobSchema,
  },
  collect: {
    method: 'POST',
    creates: 'something',
    path: '/api/v1/collections',
    summary: 'Ask for a run of the collector, which frees what nothing reaches, or for what it would free (dryRun)',
    access: { role: 'operator', within: 'registry' },
    body: collectSchema,
    status: 202,
    answer: jobSchema,
  },
  listEnvironments: {
    method: 'GET',
    path: '/api/v1/environments',
    summary: 'List the environments that snapshots are taken of',
    access: { role: 'reader', within: 'visible' },
    status: 200,
    answer: environmentPageSchema,
  },
  showPolicy: {
    method: 'GET',
    path: '/api/v1/environments/{environment}/policy',
    summary: 'Show the policy file of an environment',
    access: { role: 'reader', within: 'environment' },
    status: 200,
    answer: policyTextSchema,
  },
  suggestPolicy: {
    method: 'POST',
    creates: 'nothing',
    path: '/api/v1/environments/{environment}/policy/suggestion',
    summary: 'Read the live schema and a sample, and suggest a policy',
    access: { role: 'operator', within: 'environment' },
    status: 200,
    answer: policySuggestionSchema,
  },
  checkPolicy: {
    method: 'POST',
    creates: 'nothing',
    path: '/api/v1/environments/{environment}/policy/check',
    summary: 'Compare the policy with the live schema',
    access: { role: 'operator', within: 'environment' },
    status: 200,
    answer: policyCheckSchema,
  },
  /** Real data: over the loopback interface only, and never stored by anybody on the way. */
  previewPolicy: {
    method: 'POST',
    creates: 'nothing',
    path: '/api/v1/environments/{environment}/policy/preview',
    summary: 'Show real rows beside their replacements; over the loopback interface only',
    access: { role: 'admin', within: 'environment' },
    body: policyPreviewRequestSchema,
    status: 200,
    answer: policyPreviewSchema,
  },
  listJobs: {
    method: 'GET',
    path: '/api/v1/jobs',
    summary: 'List jobs, the newest first',
    access: { role: 'reader', within: 'visible' },
    status: 200,
    answer: jobPageSchema,
  },
  showJob: {
    method: 'GET',
    path: '/api/v1/jobs/{id}',
    summary: 'Show one job',
    access: { role: 'reader', within: 'job' },
    status: 200,
    answer: jobSchema,
  },
  /** Server-sent events: `event: job`, `data:` one Job as JSON, the current state first; the stream ends after the ended state. */
  followJob: {
    method: 'GET',
    path: '/api/v1/jobs/{id}/events',
    summary: 'Follow a job as server-sent events',
    access: { role: 'reader', within: 'job' },
    status: 200,
  },
  cancelJob: {
    method: 'POST',
    creates: 'nothing',
    path: '/api/v1/jobs/{id}/cancel',
    summary: 'Cancel a job',
    access: { role: 'operator', within: 'job' },
    status: 202,
    answer: jobSchema,
  },
  createJob: {
    method: 'POST',
    creates: 'something',
    path: '/api/v1/jobs',
    summary: 'Ask for a job other than a snapshot: verify what is stored',
    access: { role: 'operator', within: 'visible' },
    body: createJobSchema,
    status: 202,
    answer: jobSchema,
  },
  /** A new job for the same request. */
  retryJob: {
    method: 'POST',
    creates: 'something',
    path: '/api/v1/jobs/{id}/retry',
    summary: 'Ask for an ended job once more',
    access: { role: 'operator', within: 'job' },
    status: 202,
    answer: jobSchema,
  },
  /** Oldest first; `after` is a sequence number. */
  jobLog: {
    method: 'GET',
    path: '/api/v1/jobs/{id}/log',
    summary: 'Read the log of a job',
    access: { role: 'reader', within: 'job' },
    status: 200,
    answer: jobLogPageSchema,
  },
  listSchedules: {
    method: 'GET',
    path: '/api/v1/schedules',
    summary: 'List the schedules',
    access: { role: 'reader', within: 'visible' },
    status: 200,
    answer: schedulePageSchema,
  },
  /** Names of schedules are the registry's: one that is taken in a repository that the token is not for is taken all the same. */
  createSchedule: {
    method: 'POST',
    creates: 'something',
    path: '/api/v1/schedules',
    summary: 'Add a schedule',
    access: { role: 'operator', within: 'body.environment' },
    body: createScheduleSchema,
    status: 201,
    answer: scheduleViewSchema,
  },
  showSchedule: {
    method: 'GET',
    path: '/api/v1/schedules/{name}',
    summary: 'Show a schedule and its next times',
    access: { role: 'reader', within: 'schedule' },
    status: 200,
    etag: true,
    answer: scheduleViewSchema,
  },
  updateSchedule: {
    method: 'PUT',
    path: '/api/v1/schedules/{name}',
    summary: 'Change a schedule',
    access: { role: 'operator', within: 'schedule' },
    body: scheduleDefinitionSchema,
    status: 200,
    etag: true,
    conditions: ['If-Match', 'If-None-Match'],
    answer: scheduleViewSchema,
  },
  removeSchedule: {
    method: 'DELETE',
    path: '/api/v1/schedules/{name}',
    summary: 'Remove a schedule',
    access: { role: 'operator', within: 'schedule' },
    status: 204,
    conditions: ['If-Match'],
  },
  pauseSchedule: {
    method: 'POST',
    creates: 'nothing',
    path: '/api/v1/schedules/{name}/pause',
    summary: 'Pause a schedule',
    access: { role: 'operator', within: 'schedule' },
    status: 200,
    etag: true,
    conditions: ['If-Match'],
    answer: scheduleViewSchema,
  },
  resumeSchedule: {
    method: 'POST',
    creates: 'nothing',
    path: '/api/v1/schedules/{name}/resume',
    summary: 'Let a paused schedule go on',
    access: { role: 'operator', within: 'schedule' },
    status: 200,
    etag: true,
    conditions: ['If-Match'],
    answer: scheduleViewSchema,
  },
  runSchedule: {
    method: 'POST',
    creates: 'something',
    path: '/api/v1/schedules/{name}/run',
    summary: 'Run a schedule now, as for a slot',
    access: { role: 'operator', within: 'schedule' },
    status: 202,
    answer: jobSchema,
  },
  showIdentity: {
    method: 'GET',
    path: '/api/v1/identity',
    summary: 'Show whose token this is and what it may do',
    access: { role: 'reader', within: 'visible' },
    status: 200,
    answer: identitySchema,
  },
  createToken: {
    method: 'POST',
    creates: 'secret',
    path: '/api/v1/tokens',
    summary: 'Make a token; its text is in this answer and never again',
    access: { role: 'admin', within: 'registry' },
    body: createTokenSchema,
    status: 201,
    answer: issuedTokenSchema,
  },
  listTokens: {
    method: 'GET',
    path: '/api/v1/tokens',
    summary: 'List the tokens, without their secrets',
    access: { role: 'admin', within: 'registry' },
    status: 200,
    answer: tokenListSchema,
  },
  showToken: {
    method: 'GET',
    path: '/api/v1/tokens/{token}',
    summary: 'Show one token, without its secrets',
    access: { role: 'admin', within: 'registry' },
    status: 200,
    etag: true,
    answer: tokenViewSchema,
  },
  rotateToken: {
    method: 'POST',
    creates: 'secret',
    path: '/api/v1/tokens/{token}/rotation',
    summary: 'Give a token a new secret; the old ones still open for the overlap',
    access: { role: 'admin', within: 'registry' },
    body: rotateTokenSchema,
    status: 200,
    conditions: ['If-Match'],
    answer: issuedTokenSchema,
  },
  /** The record stays, so that its id is never used again and the audit log can be read. */
  revokeToken: {
    method: 'DELETE',
    path: '/api/v1/tokens/{token}',
    summary: 'Revoke a token at once and for good',
    access: { role: 'admin', within: 'registry' },
    status: 200,
    conditions: ['If-Match'],
    answer: tokenViewSchema,
  },
  /** Newest first; `after` is a number, and the page begins below it. */
  listAudit: {
    method: 'GET',
    path: '/api/v1/audit',
    summary: 'List the audit log, the newest entry first',
    access: { role: 'admin', within: 'registry' },
    status: 200,
    answer: auditPageSchema,
  },
  /** `?head=NUMBER:DIGEST`: a head that was kept elsewhere must still be in the log. */
  verifyAudit: {
    method: 'GET',
    path: '/api/v1/audit/verification',
    summary: 'Read the whole audit log and say whether it is whole',
    access: { role: 'admin', within: 'registry' },
    status: 200,
    answer: auditVerificationSchema,
  },
} as const satisfies Readonly<Record<string, Route>>;

/** A route's path with its parameters filled in and encoded. @throws DynDataError USAGE where one is empty */
export function routePath(path: string, parameters: Readonly<Record<string, string>> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_whole, key: string) => {
    const value = parameters[key] ?? '';
    // Without it the path would be that of all of them.
    if (value === '') throw new DynDataError('USAGE', `The ${key} is empty. Give one; lists tell which there are.`);
    return encodeURIComponent(value);
  });
}
