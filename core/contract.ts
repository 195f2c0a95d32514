import * as z from 'zod/mini';
import { snapshotRecordSchema } from './catalog.ts';
import { collectionSchema } from './collection.ts';
import { digestPattern } from './digest.ts';
import { jobSchema } from './job.ts';
import { createPinSchema, pinSchema } from './pins.ts';
import {
  policyCheckSchema,
  policyPreviewRequestSchema,
  policyPreviewSchema,
  policySuggestionSchema,
  policyTextSchema,
} from './policy-tools.ts';
import { isRepository, isTag } from './references.ts';
import { appliedRetentionSchema, applyRetentionSchema, removeSnapshotSchema, retentionPlanSchema } from './retention.ts';

const repository = z.string().check(z.refine(isRepository, 'a repository name expected'));
const tag = z.string().check(z.refine(isTag, 'a tag expected (letters, digits, ., _ and -, at most 128)'));
const digest = z.string().check(z.regex(digestPattern, 'a digest expected'));

export const createSnapshotSchema = z.strictObject({ environment: z.string(), tag: z.optional(tag) });
export const moveTagSchema = z.strictObject({ digest });
export const snapshotViewSchema = z.strictObject({ ...snapshotRecordSchema.shape, tags: z.array(z.string()) });
export const tagViewSchema = z.strictObject({ tag, digest, movedAt: z.string() });

/** One page of a list; `next` is the query value `after` of the following page, absent on the last. */
const page = <T extends z.ZodMiniType>(item: T) => z.strictObject({ items: z.array(item), next: z.optional(z.string()) });

export const snapshotPageSchema = page(snapshotViewSchema);
export const tagPageSchema = page(tagViewSchema);
export const jobPageSchema = page(jobSchema);
export const environmentPageSchema = page(z.strictObject({ name: z.string(), repository, sources: z.array(z.string()) }));

export const pinPageSchema = page(pinSchema);
export const collectionPageSchema = page(collectionSchema);
export const createCollectionSchema = z.strictObject({ dryRun: z.boolean() });

export type SnapshotView = z.infer<typeof snapshotViewSchema>;

/**
 * The API below `/api/v1`, the one description that server and client share. `{}` parts are path parameters, URL-encoded; a repository
 * in a path has its `/` encoded. Errors are `application/problem+json` (see `Problem`). Lists take `?limit=` (1–1000, default 100) and `?after=`.
 */
export const routes = {
  createSnapshot: { method: 'POST', path: '/api/v1/snapshots', body: createSnapshotSchema, status: 202, answer: jobSchema },
  listSnapshots: { method: 'GET', path: '/api/v1/repositories/{repository}/snapshots', status: 200, answer: snapshotPageSchema },
  showSnapshot: { method: 'GET', path: '/api/v1/repositories/{repository}/snapshots/{digest}', status: 200, answer: snapshotViewSchema },
  listTags: { method: 'GET', path: '/api/v1/repositories/{repository}/tags', status: 200, answer: tagPageSchema },
  showTag: { method: 'GET', path: '/api/v1/repositories/{repository}/tags/{tag}', status: 200, answer: tagViewSchema },
  moveTag: { method: 'PUT', path: '/api/v1/repositories/{repository}/tags/{tag}', body: moveTagSchema, status: 200, answer: tagViewSchema },
  removeTag: { method: 'DELETE', path: '/api/v1/repositories/{repository}/tags/{tag}', status: 204 },
  listPins: { method: 'GET', path: '/api/v1/repositories/{repository}/pins', status: 200, answer: pinPageSchema },
  pinSnapshot: {
    method: 'POST',
    path: '/api/v1/repositories/{repository}/snapshots/{digest}/pins',
    body: createPinSchema,
    status: 201,
    answer: pinSchema,
  },
  unpinSnapshot: { method: 'DELETE', path: '/api/v1/repositories/{repository}/snapshots/{digest}/pins/{pin}', status: 204 },
  /** Refused with SNAPSHOT_HELD while a tag or a pin that the body does not name holds it. Its blobs are the collector's. */
  removeSnapshot: {
    method: 'POST',
    path: '/api/v1/repositories/{repository}/snapshots/{digest}/removal',
    body: removeSnapshotSchema,
    status: 204,
  },
  planRetention: { method: 'GET', path: '/api/v1/environments/{environment}/retention', status: 200, answer: retentionPlanSchema },
  /** Does what the named plan says, or nothing: PLAN_OUTDATED where there is another plan by now. */
  applyRetention: {
    method: 'POST',
    path: '/api/v1/environments/{environment}/retention',
    body: applyRetentionSchema,
    status: 200,
    answer: appliedRetentionSchema,
  },
  createCollection: { method: 'POST', path: '/api/v1/collections', body: createCollectionSchema, status: 202, answer: collectionSchema },
  /** Newest first. */
  listCollections: { method: 'GET', path: '/api/v1/collections', status: 200, answer: collectionPageSchema },
  showCollection: { method: 'GET', path: '/api/v1/collections/{collection}', status: 200, answer: collectionSchema },
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
  listJobs: { method: 'GET', path: '/api/v1/jobs', status: 200, answer: jobPageSchema },
  showJob: { method: 'GET', path: '/api/v1/jobs/{id}', status: 200, answer: jobSchema },
  /** Server-sent events: `event: job`, `data:` one Job as JSON, the current state first; the stream ends after the ended state. */
  followJob: { method: 'GET', path: '/api/v1/jobs/{id}/events', status: 200 },
  cancelJob: { method: 'POST', path: '/api/v1/jobs/{id}/cancel', status: 202, answer: jobSchema },
} as const;

/** A route's path with its parameters filled in and encoded. */
export function routePath(path: string, parameters: Readonly<Record<string, string>> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_whole, key: string) => encodeURIComponent(parameters[key] ?? ''));
}
