import * as z from 'zod/mini';
import { type Collected, collectedSchema } from './collection.ts';
import { digestPattern } from './digest.ts';
import { type JobKind, jobKinds, jobStates } from './job-kinds.ts';
import { interruptionSchema } from './manifest.ts';
import { isRepository, isTag } from './names.ts';
import { type RetainedOutcome, retainedOutcomeSchema } from './retention.ts';

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

/** Where a verification is. */
export const checkedSchema = z.strictObject({
  snapshotsDone: z.int(),
  snapshotsTotal: z.int(),
  /** Stored blobs read and hashed, each once. */
  blobsDone: z.int(),
  bytesDone: z.int(),
});
export type Checked = z.infer<typeof checkedSchema>;

const repository = z.string().check(z.refine(isRepository, 'a repository name expected'));
const tag = z.string().check(z.refine(isTag, 'a tag expected (letters, digits, ., _ and -, at most 128)'));
const digest = z.string().check(z.regex(digestPattern, 'a digest expected'));

/** What is to be done; which of the keys a kind wants is its handler's matter. */
export const jobRequestSchema = z.strictObject({
  kind: z.enum(jobKinds),
  environment: z.optional(z.string()),
  repository: z.optional(repository),
  /** Name for the new snapshot. */
  tag: z.optional(tag),
  /** A second name, which moves only forwards: an older snapshot that ends later does not take it back. */
  alias: z.optional(tag),
  /** The one snapshot to verify; all of the repository where it is left out. */
  snapshot: z.optional(digest),
  /** Of `retention` and `collect`: removes nothing and says what would go. */
  dryRun: z.optional(z.boolean()),
  /** Of `retention`: does what this plan says or nothing; the plan of the moment where it is left out. */
  plan: z.optional(digest),
  /** The schedule, and which of its times (RFC 3339, UTC), that asked for it. */
  schedule: z.optional(z.strictObject({ name: z.string(), slot: z.string() })),
  /** The job that is tried again by this one. */
  retryOf: z.optional(z.string()),
});
export type JobRequest = z.infer<typeof jobRequestSchema>;

export const jobErrorSchema = z.strictObject({ code: z.string(), detail: z.string(), details: z.array(z.string()) });

export const jobSchema = z.strictObject({
  ...jobRequestSchema.shape,
  id: z.string(),
  state: z.enum(jobStates),
  createdAt: z.string(),
  /** Of the latest attempt. */
  startedAt: z.optional(z.string()),
  endedAt: z.optional(z.string()),
  /** Attempts begun. */
  attempts: z.int(),
  /** When the next attempt is due, after one that failed for a reason that may pass; `error` says which. */
  retryAt: z.optional(z.string()),
  progress: z.optional(progressSchema),
  checked: z.optional(checkedSchema),
  /** Of `collect`. */
  collected: z.optional(collectedSchema),
  /** Of `retention`, once succeeded. */
  retained: z.optional(retainedOutcomeSchema),
  /** The data image, once succeeded. */
  digest: z.optional(digest),
  error: z.optional(jobErrorSchema),
});
export type Job = z.infer<typeof jobSchema>;
export type JobState = Job['state'];

export const isEnded = (state: JobState): boolean => state === 'succeeded' || state === 'failed' || state === 'cancelled';

/** What happened to a job. Never row data: `detail` is the message of one of our own errors. */
export const jobLogEntrySchema = z.strictObject({
  /** From 1, ascending without gaps; where the log was cut, its first lines are missing. */
  sequence: z.int(),
  at: z.string(),
  event: z.enum([
    'created',
    'started',
    'step',
    'source-lost',
    'waiting',
    'retrying',
    'handed-back',
    'worker-lost',
    'alias-kept',
    'damaged',
    'succeeded',
    'failed',
    'cancelled',
  ]),
  code: z.optional(z.string()),
  detail: z.optional(z.string()),
});
export type JobLogEntry = z.infer<typeof jobLogEntrySchema>;
export type JobEvent = Pick<JobLogEntry, 'event' | 'code' | 'detail'>;

/** What a handler may tell of, and must heed. */
export type JobHooks = {
  readonly onProgress: (progress: Progress) => void;
  readonly onChecked: (checked: Checked) => void;
  readonly onCollected: (collected: Collected) => void;
  /** A line of the job's log. */
  readonly onEvent: (event: JobEvent) => void;
  /**
   * Asks, where several machines work, whether this job is still this worker's. To be called right before anything becomes visible.
   * @throws DynDataError CANCELLED where it is not.
   */
  readonly confirm: () => Promise<void>;
  readonly signal: AbortSignal;
};

export type JobOutcome = { readonly digest?: string; readonly collected?: Collected; readonly retained?: RetainedOutcome };

/** How one kind of job is done. */
export type JobHandler = {
  /** What no other job may use at the same time, of all workers: for a build its sources. */
  readonly resources: (request: JobRequest) => readonly string[];
  readonly run: (request: JobRequest, hooks: JobHooks) => Promise<JobOutcome>;
};
export type JobHandlers = Readonly<Partial<Record<JobKind, JobHandler>>>;

/** What a worker does for a `build`: the registry knows builds only through this. */
export type BuildSnapshot = (
  request: { readonly environment: string; readonly tag?: string; readonly alias?: string },
  hooks: Pick<JobHooks, 'onProgress' | 'signal'> & Partial<Pick<JobHooks, 'onEvent' | 'confirm'>>,
) => Promise<{ readonly digest: string }>;

export type JobFilter = { readonly state?: JobState; readonly kind?: JobKind; readonly environment?: string };

/**
 * Jobs, whoever runs them. Contract (test/contracts/job-queue.ts):
 * - jobs that share a resource run one after another, in the order of their creation; others beside them;
 * - a failure whose code is retryable is tried again after a growing pause, any other ends the job at once;
 * - `create` with an idempotency key that was used already gives the job of that time and makes none;
 * - `cancel` of an ended job does nothing; a running one ends within seconds, a waiting one at once;
 * - `follow` yields the current state first, then every change (of those that a slow reader has missed, the latest of each state), and ends after the ended state.
 * @throws DynDataError JOB_UNKNOWN; QUEUE_UNREACHABLE where the queue is on another machine.
 */
export type JobQueue = {
  /** @throws IDEMPOTENCY_CONFLICT where the key was used for another request. */
  create(request: JobRequest, options?: { readonly idempotencyKey?: string }): Promise<Job>;
  get(id: string): Promise<Job>;
  /** Newest first, below the job `after` where it is given; nothing where that one is forgotten. */
  list(options?: JobFilter & { readonly after?: string }): AsyncIterable<Job>;
  follow(id: string, signal?: AbortSignal): AsyncIterable<Job>;
  cancel(id: string): Promise<Job>;
  /** A new job for the same request. @throws JOB_NOT_RETRYABLE unless it has failed or was cancelled. */
  retry(id: string, options?: { readonly idempotencyKey?: string }): Promise<Job>;
  /** Oldest first, after the entry `after` where it is given. */
  log(id: string, options?: { readonly after?: number }): AsyncIterable<JobLogEntry>;
  /** How many there are of each kind and state. */
  counts(): Promise<readonly { readonly kind: JobKind; readonly state: JobState; readonly count: number }[]>;
};
