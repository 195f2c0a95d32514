import * as z from 'zod/mini';
import { digestPattern } from './digest.ts';
import { interruptionSchema } from './manifest.ts';

export const jobStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;

/** Where a build is. Counts only, never data. */
export const progressSchema = z.strictObject({
  step: z.enum(['connect', 'plan', 'extract', 'bake', 'publish']),
  /** What is being read, as `source/table`; absent between tables. */
  current: z.optional(z.string()),
  tablesDone: z.int(),
  tablesTotal: z.int(),
  rowsDone: z.int(),
  /** The servers' own estimate, so it may be passed or not reached. */
  rowsEstimated: z.int(),
  /** Canonical bytes, before compression. */
  bytesDone: z.int(),
  /** What was lost and mended up to now; absent where nothing was. A build that was started again counts from the beginning. */
  interruptions: z.optional(z.array(interruptionSchema)),
});
export type Progress = z.infer<typeof progressSchema>;

export const jobSchema = z.strictObject({
  id: z.string(),
  kind: z.literal('build'),
  environment: z.string(),
  repository: z.string(),
  tag: z.optional(z.string()),
  state: z.enum(jobStates),
  createdAt: z.string(),
  startedAt: z.optional(z.string()),
  endedAt: z.optional(z.string()),
  progress: z.optional(progressSchema),
  /** The data image, once succeeded. */
  digest: z.optional(z.string().check(z.regex(digestPattern))),
  error: z.optional(z.strictObject({ code: z.string(), detail: z.string(), details: z.array(z.string()) })),
});
export type Job = z.infer<typeof jobSchema>;
export type JobState = Job['state'];

export const isEnded = (state: JobState): boolean => state === 'succeeded' || state === 'failed' || state === 'cancelled';

/** What a worker does: the registry knows builds only through this. */
export type BuildSnapshot = (
  request: { readonly environment: string; readonly tag?: string },
  hooks: { readonly onProgress: (progress: Progress) => void; readonly signal: AbortSignal },
) => Promise<{ readonly digest: string }>;

/**
 * Jobs, whoever runs them. Contract (test/contracts/job-queue.ts): one build of an environment at a time, later ones wait; `cancel` of an ended
 * job does nothing; `follow` yields the current state first, then every change (of progress that a slow reader has missed, the latest),
 * and ends after the ended state.
 * @throws DynDataError JOB_UNKNOWN
 */
export type JobQueue = {
  create(request: { readonly environment: string; readonly repository: string; readonly tag?: string }): Promise<Job>;
  get(id: string): Promise<Job>;
  /** Newest first. */
  list(): Promise<readonly Job[]>;
  follow(id: string, signal?: AbortSignal): AsyncIterable<Job>;
  cancel(id: string): Promise<Job>;
};
