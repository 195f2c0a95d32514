import type { Logger } from 'pino';
import {
  DynDataError,
  isEnded,
  type Job,
  type JobEvent,
  type JobFilter,
  type JobHandlers,
  type JobLogEntry,
  type JobQueue,
  type JobRequest,
} from '../../core/index.ts';
import { jobErrorOf, requestOf, runAttempt } from './attempt.ts';
import { handlerOf, idOfKey, jobUnknown, newJob, requireSameRequest, retryRequest } from './job-identity.ts';
import { countJobs, isWanted } from './job-list.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import type { RetryPolicy } from './retry-policy.ts';

const defaultProgressIntervalMs = 200;
const defaultKeptJobs = 200;
const defaultKeptLogEntries = 2000;

export type InProcessQueueOptions = {
  readonly handlers: JobHandlers;
  readonly retry: RetryPolicy;
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly logger: Logger;
  /** Jobs that run at the same time at most; no limit where left out. */
  readonly concurrency?: number;
  /** Told once of every job that has ended. Must not throw. */
  readonly onEnded?: (job: Job) => void;
  /** Progress is published at most once in this time. */
  readonly progressIntervalMs?: number;
  /** Ended jobs that are remembered, the latest. */
  readonly keptJobs?: number;
};

/** Jobs that run in this process and end with it. */
export type InProcessJobQueue = JobQueue & {
  /** Takes no more jobs, cancels all there are and resolves when they have ended, or after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
};

type Entry = {
  job: Job;
  readonly resources: readonly string[];
  readonly controller: AbortController;
  readonly followers: Set<Mailbox>;
  readonly log: JobLogEntry[];
  logged: number;
  hasWaited: boolean;
  /** Set while it waits for its next attempt. */
  pause?: NodeJS.Timeout | undefined;
  running?: Promise<void>;
};

export function createInProcessQueue(options: InProcessQueueOptions): InProcessJobQueue {
  const { handlers, retry, clock, newId, logger } = options;
  const { progressIntervalMs = defaultProgressIntervalMs, keptJobs = defaultKeptJobs, concurrency = Number.POSITIVE_INFINITY } = options;
  /** In the order of their creation. */
  const entries = new Map<string, Entry>();
  let isClosed = false;

  const now = (): string => clock().toISOString();

  const find = (id: string): Entry => {
    const entry = entries.get(id);
    if (entry) return entry;
    throw jobUnknown(id);
  };

  const note = (entry: Entry, event: JobEvent): void => {
    entry.logged += 1;
    entry.log.push({ sequence: entry.logged, at: now(), ...event });
    if (entry.log.length > defaultKeptLogEntries) entry.log.shift();
  };

  const update = (
    entry: Entry,
    changes: Partial<Job>,
    without: readonly ('retryAt' | 'progress' | 'checked' | 'collected' | 'error')[] = [],
  ): void => {
    if (isEnded(entry.job.state)) return;
    const job = { ...entry.job, ...changes };
    for (const key of without) delete job[key];
    entry.job = job;
    for (const follower of entry.followers) follower.put(job);
    if (isEnded(job.state)) forgetOldest();
  };

  const forgetOldest = (): void => {
    const ended = [...entries.values()].filter(({ job }) => isEnded(job.state));
    for (const { job } of ended.slice(0, Math.max(0, ended.length - keptJobs))) entries.delete(job.id);
  };

  const end = (entry: Entry, state: 'succeeded' | 'failed' | 'cancelled', changes: Partial<Job> = {}): void => {
    if (isEnded(entry.job.state)) return;
    clearTimeout(entry.pause);
    note(entry, { event: state, ...(changes.error ? { code: changes.error.code, detail: changes.error.detail } : {}) });
    update(entry, { ...changes, state, endedAt: now() }, ['retryAt', ...(changes.error ? [] : (['error'] as const))]);
    const { id, kind, environment, digest, error } = entry.job;
    logger.info({ job: id, kind, environment, state, digest, failure: error?.code }, 'job ended');
    options.onEnded?.(entry.job);
  };

  const run = async (entry: Entry): Promise<void> => {
    const { id, kind, environment, tag } = entry.job;
    update(entry, { state: 'running', startedAt: now(), attempts: entry.job.attempts + 1 }, [
      'retryAt',
      'progress',
      'checked',
      'collected',
      'error',
    ]);
    note(entry, { event: 'started' });
    logger.info({ job: id, kind, environment, tag }, 'job started');
    const sink = {
      onUpdate: (changes: Partial<Job>) => update(entry, changes),
      onEvent: (event: JobEvent) => note(entry, event),
      confirm: async () => entry.controller.signal.throwIfAborted(),
    };
    const attempt = { signal: entry.controller.signal, logger, progressIntervalMs };
    const ended = await runAttempt(entry.job, handlerOf(handlers, kind), sink, attempt);
    if (ended.state === 'succeeded') end(entry, 'succeeded', ended.outcome);
    else if (ended.state === 'stopped') end(entry, 'cancelled');
    else if (ended.error.retryable && entry.job.attempts < retry.attempts) pauseBeforeRetry(entry, ended.error);
    else end(entry, 'failed', { error: jobErrorOf(ended.error) });
  };

  const pauseBeforeRetry = (entry: Entry, error: DynDataError): void => {
    const delayMs = retry.delayMs(entry.job.attempts);
    note(entry, { event: 'retrying', code: error.code, detail: error.message });
    update(entry, { state: 'queued', error: jobErrorOf(error), retryAt: new Date(clock().getTime() + delayMs).toISOString() });
    entry.pause = setTimeout(() => {
      entry.pause = undefined;
      startReady();
    }, delayMs);
  };

  /** Starts what may start, the oldest first: a job that waits keeps its resources from younger ones. */
  const startReady = (): void => {
    const open = [...entries.values()].filter(({ job }) => !isEnded(job.state));
    const taken = new Set(open.filter(({ running }) => running).flatMap(({ resources }) => resources));
    let free = concurrency - open.filter(({ running }) => running).length;
    for (const entry of open) {
      if (entry.running || entry.pause) continue;
      const isFree = free > 0 && !entry.resources.some((resource) => taken.has(resource));
      for (const resource of entry.resources) taken.add(resource);
      if (!isFree) {
        if (!entry.hasWaited) note(entry, { event: 'waiting' });
        entry.hasWaited = true;
        continue;
      }
      free -= 1;
      entry.running = run(entry).finally(() => {
        delete entry.running;
        startReady();
      });
    }
  };

  const cancel = (entry: Entry): Job => {
    if (isEnded(entry.job.state)) return entry.job;
    entry.controller.abort(new DynDataError('CANCELLED', 'The job was cancelled.'));
    if (entry.job.state === 'queued') {
      end(entry, 'cancelled');
      startReady();
    }
    return entry.job;
  };

  const create = (request: JobRequest, idempotencyKey?: string): Job => {
    const { resources } = handlerOf(handlers, request.kind);
    if (isClosed) throw new DynDataError('REGISTRY_UNREACHABLE', 'The registry is being stopped. Try again when it runs again.');
    const id = idempotencyKey === undefined ? newId() : idOfKey(idempotencyKey);
    const job = newJob(id, request, now());
    const existing = entries.get(id);
    if (existing) {
      requireSameRequest(existing.job, requestOf(job));
      return existing.job;
    }
    const entry: Entry = {
      job,
      resources: resources(request),
      controller: new AbortController(),
      followers: new Set(),
      log: [],
      logged: 0,
      hasWaited: false,
    };
    entries.set(id, entry);
    note(entry, { event: 'created' });
    // Later: whoever creates a job gets to see it queued.
    queueMicrotask(startReady);
    return job;
  };

  return {
    async create(request, { idempotencyKey } = {}) {
      return create(request, idempotencyKey);
    },

    async get(id) {
      return find(id).job;
    },

    async *list({ after, ...filter }: JobFilter & { after?: string } = {}) {
      const all = [...entries.values()].reverse().map(({ job }) => job);
      const at = all.findIndex(({ id }) => id === after);
      const below = after === undefined ? all : at < 0 ? [] : all.slice(at + 1);
      yield* below.filter((job) => isWanted(job, filter));
    },

    async cancel(id) {
      return cancel(find(id));
    },

    async retry(id, { idempotencyKey } = {}) {
      return create(retryRequest(find(id).job), idempotencyKey);
    },

    async *follow(id, signal) {
      const entry = find(id);
      const mailbox = createMailbox();
      mailbox.put(entry.job);
      entry.followers.add(mailbox);
      try {
        yield* mailbox.read(signal);
      } finally {
        entry.followers.delete(mailbox);
      }
    },

    async *log(id, { after = 0 } = {}) {
      yield* find(id).log.filter(({ sequence }) => sequence > after);
    },

    async counts() {
      return countJobs([...entries.values()].map(({ job }) => job));
    },

    async close(timeoutMs) {
      isClosed = true;
      const open = [...entries.values()].filter(({ job }) => !isEnded(job.state));
      for (const entry of open) cancel(entry);
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([Promise.all(open.map(({ running }) => running)), timeout]);
      clearTimeout(timer);
    },
  };
}
