import type { Logger } from 'pino';
import {
  type BuildSnapshot,
  DynDataError,
  isDigest,
  isEnded,
  type Job,
  type JobQueue,
  type Progress,
  toDynDataError,
} from '../core/index.ts';
import { errorFields } from './log.ts';

const defaultProgressIntervalMs = 200;
const defaultKeptJobs = 200;

export type JobQueueOptions = {
  readonly buildSnapshot: BuildSnapshot;
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly logger: Logger;
  /** Progress is published at most once in this time. */
  readonly progressIntervalMs?: number;
  /** Ended jobs that are remembered, the latest. */
  readonly keptJobs?: number;
};

type Entry = { job: Job; readonly controller: AbortController; readonly followers: Set<(job: Job) => void>; running?: Promise<void> };

/** Jobs that run in this process and end with it. */
export type InProcessJobQueue = JobQueue & {
  /** Takes no more jobs, cancels all there are and resolves when they have ended, or after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
};

export function createJobQueue(options: JobQueueOptions): InProcessJobQueue {
  const { buildSnapshot, clock, newId, logger } = options;
  const progressIntervalMs = options.progressIntervalMs ?? defaultProgressIntervalMs;
  const keptJobs = options.keptJobs ?? defaultKeptJobs;
  /** In the order of their creation. */
  const entries = new Map<string, Entry>();
  /** The last build of each environment: the next one begins after it. */
  const lastBuilds = new Map<string, Promise<void>>();
  let isClosed = false;

  const now = (): string => clock().toISOString();

  const find = (id: string): Entry => {
    const entry = entries.get(id);
    if (entry) return entry;
    throw new DynDataError(
      'JOB_UNKNOWN',
      `There is no job "${id}". Ended jobs are forgotten after a while and when the registry restarts.`,
    );
  };

  const update = (entry: Entry, changes: Partial<Job>): void => {
    if (isEnded(entry.job.state)) return;
    entry.job = { ...entry.job, ...changes };
    for (const follower of entry.followers) follower(entry.job);
    if (!isEnded(entry.job.state)) return;
    const ended = [...entries.values()].filter(({ job }) => isEnded(job.state));
    for (const { job } of ended.slice(0, Math.max(0, ended.length - keptJobs))) entries.delete(job.id);
  };

  const end = (entry: Entry, changes: Partial<Job>): void => {
    update(entry, { ...changes, endedAt: now() });
    const { id, environment, state, digest, error } = entry.job;
    logger.info({ job: id, environment, state, digest, failure: error?.code }, 'job ended');
  };

  const run = async (entry: Entry): Promise<void> => {
    if (isEnded(entry.job.state)) return;
    const { id, environment, tag } = entry.job;
    update(entry, { state: 'running', startedAt: now() });
    logger.info({ job: id, environment, tag }, 'job started');
    const throttle = throttled(progressIntervalMs, (progress: Progress) => update(entry, { progress }));
    let logged = 0;
    const onProgress = (progress: Progress): void => {
      for (const interruption of progress.interruptions?.slice(logged) ?? [])
        logger.warn({ job: id, environment, ...interruption }, 'source lost');
      logged = progress.interruptions?.length ?? 0;
      throttle.push(progress);
    };
    try {
      const hooks = { onProgress, signal: entry.controller.signal };
      const { digest } = await buildSnapshot({ environment, ...(tag === undefined ? {} : { tag }) }, hooks);
      if (!isDigest(digest)) throw new DynDataError('INTERNAL', 'The build gave no digest. Please report this.');
      throttle.flush();
      end(entry, { state: 'succeeded', digest });
    } catch (failure) {
      throttle.flush();
      const error = toDynDataError(failure);
      const isCancelled = entry.controller.signal.aborted;
      logger[isCancelled ? 'info' : 'error'](
        { job: id, environment, error: errorFields(error) },
        isCancelled ? 'job cancelled' : 'job failed',
      );
      const { code, message: detail, details } = error;
      end(entry, isCancelled ? { state: 'cancelled' } : { state: 'failed', error: { code, detail, details: [...details] } });
    } finally {
      throttle.stop();
    }
  };

  const cancel = (entry: Entry): Job => {
    if (isEnded(entry.job.state)) return entry.job;
    entry.controller.abort(new DynDataError('CANCELLED', 'The build was cancelled.'));
    if (entry.job.state === 'queued') end(entry, { state: 'cancelled' });
    return entry.job;
  };

  return {
    async create({ environment, repository, tag }) {
      if (isClosed) throw new DynDataError('REGISTRY_UNREACHABLE', 'The registry is being stopped. Try again when it runs again.');
      const job: Job = {
        id: newId(),
        kind: 'build',
        environment,
        repository,
        ...(tag === undefined ? {} : { tag }),
        state: 'queued',
        createdAt: now(),
      };
      const entry: Entry = { job, controller: new AbortController(), followers: new Set() };
      entries.set(job.id, entry);
      const running = (lastBuilds.get(environment) ?? Promise.resolve()).then(() => run(entry));
      entry.running = running;
      lastBuilds.set(environment, running);
      return job;
    },

    async get(id) {
      return find(id).job;
    },

    async list() {
      return [...entries.values()].reverse().map(({ job }) => job);
    },

    async cancel(id) {
      return cancel(find(id));
    },

    async *follow(id, signal) {
      const entry = find(id);
      const pending: Job[] = [entry.job];
      let wake = (): void => undefined;
      const follower = (job: Job): void => {
        // Every state is delivered; of several reports of progress that a slow reader has not taken yet, only the latest.
        if (pending.at(-1)?.state === job.state) pending.pop();
        pending.push(job);
        wake();
      };
      const onAbort = (): void => wake();
      entry.followers.add(follower);
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        while (!signal?.aborted) {
          const job = pending.shift();
          if (job) {
            yield job;
            if (isEnded(job.state)) return;
          } else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        entry.followers.delete(follower);
        signal?.removeEventListener('abort', onAbort);
      }
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

/** Passes on at most one value per interval: the first at once, of those that follow too soon the latest, at the interval's end or at `flush`. */
function throttled<T>(intervalMs: number, publish: (value: T) => void) {
  let waiting: { value: T } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (!waiting) return;
    const { value } = waiting;
    waiting = undefined;
    lastAt = performance.now();
    publish(value);
  };
  return {
    push(value: T): void {
      waiting = { value };
      const restMs = lastAt + intervalMs - performance.now();
      if (restMs <= 0) flush();
      else timer ??= setTimeout(flush, restMs);
    },
    flush,
    stop: (): void => clearTimeout(timer),
  };
}
