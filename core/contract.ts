import * as z from 'zod/mini';
import { snapshotRecordSchema } from './catalog.ts';
import { digestPattern } from './digest.ts';
import { jobLogEntrySchema, jobRequestSchema, jobSchema } from './job.ts';
import {
  policyCheckSchema,
  policyPreviewRequestSchema,
  policyPreviewSchema,
  policySuggestionSchema,
  policyTextSchema,
} from './policy-tools.ts';
import { isRepository, isTag } from './references.ts';
import { createScheduleSchema, scheduleDefinitionSchema, scheduleViewSchema } from './schedule.ts';

const repository = z.string().check(z.refine(isRepository, 'a repository name expected'));
const tag = z.string().check(z.refine(isTag, 'a tag expected (letters, digits, ., _ and -, at most 128)'));
const digest = z.string().check(z.regex(digestPattern, 'a digest expected'));

export const createSnapshotSchema = z.strictObject({ environment: z.string(), tag: z.optional(tag), alias: z.optional(tag) });
/** Builds are asked for as snapshots; the other kinds by their name. */
export const createJobSchema = z.strictObject({ kind: z.enum(['verify']), repository, snapshot: jobRequestSchema.shape.snapshot });
export const moveTagSchema = z.strictObject({ digest });
export const snapshotViewSchema = z.strictObject({ ...snapshotRecordSchema.shape, tags: z.array(z.string()) });
export const tagViewSchema = z.strictObject({ tag, digest, movedAt: z.string() });

/** One page of a list; `next` is the query value `after` of the following page, absent on the last. */
const page = <T extends z.ZodMiniType>(item: T) => z.strictObject({ items: z.array(item), next: z.optional(z.string()) });

export const snapshotPageSchema = page(snapshotViewSchema);
export const tagPageSchema = page(tagViewSchema);
export const jobPageSchema = page(jobSchema);
export const jobLogPageSchema = page(jobLogEntrySchema);
export const schedulePageSchema = page(scheduleViewSchema);
export const environmentPageSchema = page(z.strictObject({ name: z.string(), repository, sources: z.array(z.string()) }));

export type SnapshotView = z.infer<typeof snapshotViewSchema>;

/**
 * The API below `/api/v1`, the one description that server and client share. `{}` parts are path parameters, URL-encoded; a repository
 * in a path has its `/` encoded. Errors are `application/problem+json` (see `Problem`). Lists take `?limit=` (1–1000, default 100) and `?after=`.
 * What creates a job takes a header `Idempotency-Key` (at most 200 characters): the same key gives the same job.
 */
export const routes = {
  createSnapshot: { method: 'POST', path: '/api/v1/snapshots', body: createSnapshotSchema, status: 202, answer: jobSchema },
  listSnapshots: { method: 'GET', path: '/api/v1/repositories/{repository}/snapshots', status: 200, answer: snapshotPageSchema },
  showSnapshot: { method: 'GET', path: '/api/v1/repositories/{repository}/snapshots/{digest}', status: 200, answer: snapshotViewSchema },
  listTags: { method: 'GET', path: '/api/v1/repositories/{repository}/tags', status: 200, answer: tagPageSchema },
  showTag: { method: 'GET', path: '/api/v1/repositories/{repository}/tags/{tag}', status: 200, answer: tagViewSchema },
  moveTag: { method: 'PUT', path: '/api/v1/repositories/{repository}/tags/{tag}', body: moveTagSchema, status: 200, answer: tagViewSchema },
  removeTag: { method: 'DELETE', path: '/api/v1/repositories/{repository}/tags/{tag}', status: 204 },
  listEnvironments: { method: 'GET', path: '/api/v1/environments', status: 200, answer: environmentPageSchema },
  showPolicy: { method: 'GET', path: '/api/v1/environments/{environment}/policy', status: 200, answer: policyTextSchema },
  suggestPolicy: {
    method: 'POST',
    path: '/api/v1/environments/{environment}/policy/suggestion',
    status: 200,
    answer: policySuggestionSchema,
  },
  checkPolicy: { method: 'POST', path: '/api/v1/environments/{environment}/policy/check', status: 200, answer: policyCheckSchema },
  /** Real data: over the loopback interface only, and never stored by anybody on the way. */
  previewPolicy: {
    method: 'POST',
    path: '/api/v1/environments/{environment}/policy/preview',
    body: policyPreviewRequestSchema,
    status: 200,
    answer: policyPreviewSchema,
  },
  createJob: { method: 'POST', path: '/api/v1/jobs', body: createJobSchema, status: 202, answer: jobSchema },
  /** Newest first. Also takes `?state=`, `?kind=` and `?environment=`. */
  listJobs: { method: 'GET', path: '/api/v1/jobs', status: 200, answer: jobPageSchema },
  showJob: { method: 'GET', path: '/api/v1/jobs/{id}', status: 200, answer: jobSchema },
  /** Server-sent events: `event: job`, `data:` one Job as JSON, the current state first; the stream ends after the ended state. */
  followJob: { method: 'GET', path: '/api/v1/jobs/{id}/events', status: 200 },
  cancelJob: { method: 'POST', path: '/api/v1/jobs/{id}/cancel', status: 202, answer: jobSchema },
  /** A new job for the same request. */
  retryJob: { method: 'POST', path: '/api/v1/jobs/{id}/retry', status: 202, answer: jobSchema },
  /** Oldest first; `after` is a sequence number. */
  jobLog: { method: 'GET', path: '/api/v1/jobs/{id}/log', status: 200, answer: jobLogPageSchema },
  listSchedules: { method: 'GET', path: '/api/v1/schedules', status: 200, answer: schedulePageSchema },
  createSchedule: { method: 'POST', path: '/api/v1/schedules', body: createScheduleSchema, status: 201, answer: scheduleViewSchema },
  showSchedule: { method: 'GET', path: '/api/v1/schedules/{name}', status: 200, answer: scheduleViewSchema },
  updateSchedule: {
    method: 'PUT',
    path: '/api/v1/schedules/{name}',
    body: scheduleDefinitionSchema,
    status: 200,
    answer: scheduleViewSchema,
  },
  removeSchedule: { method: 'DELETE', path: '/api/v1/schedules/{name}', status: 204 },
  pauseSchedule: { method: 'POST', path: '/api/v1/schedules/{name}/pause', status: 200, answer: scheduleViewSchema },
  resumeSchedule: { method: 'POST', path: '/api/v1/schedules/{name}/resume', status: 200, answer: scheduleViewSchema },
  /** A job as for a slot now. */
  runSchedule: { method: 'POST', path: '/api/v1/schedules/{name}/run', status: 202, answer: jobSchema },
} as const;

/** A route's path with its parameters filled in and encoded. */
export function routePath(path: string, parameters: Readonly<Record<string, string>> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_whole, key: string) => encodeURIComponent(parameters[key] ?? ''));
}
