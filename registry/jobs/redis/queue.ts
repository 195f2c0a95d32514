import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { DynDataError, isEnded, type Job, type JobFilter, type JobKind, type JobQueue, type JobRequest } from '../../../core/index.ts';
import { requestOf } from '../attempt.ts';
import { idOfKey, jobUnknown, newJob, requireSameRequest, retryRequest } from '../job-identity.ts';
import { countJobs, isWanted } from '../job-list.ts';
import { createMailbox } from '../mailbox.ts';
import { answered, type RedisConnections } from './connection.ts';
import type { Keys } from './keys.ts';
import { forgetWaiting } from './leases.ts';
import { createJobRecords, parseChange } from './records.ts';

/** BullMQ's queue of jobs; its own counting of attempts decides nothing, because what a lost worker leaves would not count. */
export const jobsQueueName = 'jobs';
const unlimitedAttempts = 1_000_000;
/** Where a message was lost with a connection, the followed job is read again after so long. */
const readAgainMs = 5_000;

/** What BullMQ carries: enough to make the record again. */
export type CarriedJob = { readonly version: 1; readonly job: Job; readonly order: number };

export type RedisQueueOptions = {
  readonly connections: RedisConnections;
  readonly keys: Keys;
  /** What the workers do; nothing is run here. */
  readonly kinds: readonly JobKind[];
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly logger: Logger;
  /** Jobs that run at the same time at most, of all workers; no limit where left out. */
  readonly globalLimit?: number;
  /** Told of every job that ends here: one that was cancelled before it ran. Must not throw. */
  readonly onEnded?: (job: Job) => void;
};

export type RedisJobQueue = JobQueue & {
  close(): Promise<void>;
};

/**
 * Jobs in Redis, run by workers on any machine (worker.ts). The record that people see is ours; BullMQ carries the jobs to the workers,
 * waits between attempts and finds those whose worker was lost. The job is given to BullMQ first and recorded then: what was told to
 * anybody is in both, and a worker that is faster makes the record itself.
 */
export async function createRedisQueue(options: RedisQueueOptions): Promise<RedisJobQueue> {
  const { connections, keys, kinds, clock, newId, logger, globalLimit } = options;
  const records = createJobRecords(connections.requests, keys);
  const queue = new Queue<CarriedJob>(jobsQueueName, { connection: connections.requests, prefix: keys.bull });
  // Lost connections are told by the connection itself.
  queue.on('error', () => undefined);
  if (globalLimit === undefined) await answered(queue.removeGlobalConcurrency());
  else await answered(queue.setGlobalConcurrency(globalLimit));
  const changes = await listen(connections.subscriber, keys);

  const read = async (id: string): Promise<Job> => {
    const record = await records.read(id);
    if (record) return record.job;
    throw jobUnknown(id);
  };

  const create = async (request: JobRequest, idempotencyKey?: string): Promise<Job> => {
    if (!kinds.includes(request.kind))
      throw new DynDataError('REQUEST_INVALID', `No worker does jobs of the kind "${request.kind}". They do: ${kinds.join(', ')}.`);
    const id = idempotencyKey === undefined ? newId() : idOfKey(idempotencyKey);
    const job = newJob(id, request, clock().toISOString());
    const existing = idempotencyKey === undefined ? undefined : await records.read(id);
    if (existing) {
      requireSameRequest(existing.job, requestOf(job));
      return existing.job;
    }
    const order = await records.nextOrder();
    const carried: CarriedJob = { version: 1, job, order };
    await queue.add(job.kind, carried, {
      jobId: id,
      attempts: unlimitedAttempts,
      backoff: { type: 'ours' },
      removeOnComplete: true,
      removeOnFail: true,
    });
    const created = await records.create(job, order);
    requireSameRequest(created, requestOf(job));
    return created;
  };

  return {
    create: (request, { idempotencyKey } = {}) => answered(create(request, idempotencyKey)),

    get: (id) => answered(read(id)),

    async *list({ after, ...filter }: JobFilter & { after?: string } = {}) {
      const jobs = records.list(after);
      for (;;) {
        const next = await answered(jobs.next());
        if (next.done) return;
        if (isWanted(next.value, filter)) yield next.value;
      }
    },

    async *follow(id, signal) {
      const mailbox = createMailbox();
      let lastRev = 0;
      // What is read may be newer than a message that comes after it.
      const offer = (rev: number, job: Job): void => {
        if (rev <= lastRev) return;
        lastRev = rev;
        mailbox.put(job);
      };
      const readAgain = async (): Promise<void> => {
        const record = await records.read(id);
        if (!record) throw jobUnknown(id);
        offer(record.rev, record.job);
      };
      const release = changes.follow(id, offer);
      let again: NodeJS.Timeout | undefined;
      try {
        await answered(readAgain());
        again = setInterval(() => void readAgain().catch(() => undefined), readAgainMs);
        yield* mailbox.read(signal);
      } finally {
        clearInterval(again);
        release();
      }
    },

    async cancel(id) {
      const at = clock().toISOString();
      const written = await answered(
        records.update(id, ({ job }) => {
          if (job.state !== 'queued') return undefined;
          const { retryAt: _retryAt, error: _error, ...rest } = job;
          return { job: { ...rest, state: 'cancelled', endedAt: at }, log: [{ event: 'cancelled', at }] };
        }),
      );
      if (!('job' in written)) throw jobUnknown(id);
      if (written.outcome === 'written') {
        logger.info({ job: id, kind: written.job.kind, environment: written.job.environment, state: 'cancelled' }, 'job ended');
        options.onEnded?.(written.job);
        // A worker that has just been given it finds the record ended.
        await queue.remove(id).catch(() => undefined);
        await answered(forgetWaiting(connections.requests, keys, id));
      } else if (!isEnded(written.job.state)) await answered(records.wantCancel(id));
      return written.job;
    },

    retry: (id, { idempotencyKey } = {}) => answered(read(id).then((job) => create(retryRequest(job), idempotencyKey))),

    async *log(id, { after = 0 } = {}) {
      await answered(read(id));
      const entries = records.log(id, after);
      for (;;) {
        const next = await answered(entries.next());
        if (next.done) return;
        yield next.value;
      }
    },

    counts: () => answered(records.states().then(countJobs)),

    async close() {
      changes.close();
      await queue.close();
    },
  };
}

type Offer = (rev: number, job: Job) => void;
type Changes = { follow(id: string, offer: Offer): () => void; close(): void };

/** One subscription for all followers of this process. */
async function listen(subscriber: Redis, keys: Keys): Promise<Changes> {
  const followers = new Map<string, Set<Offer>>();
  const onMessage = (channel: string, message: string): void => {
    if (channel !== keys.changes || followers.size === 0) return;
    const { rev, job } = parseChange(message);
    for (const offer of followers.get(job.id) ?? []) offer(rev, job);
  };
  subscriber.on('message', onMessage);
  await answered(subscriber.subscribe(keys.changes));
  return {
    follow(id, offer) {
      const offers = followers.get(id) ?? new Set();
      followers.set(id, offers.add(offer));
      return () => {
        offers.delete(offer);
        if (offers.size === 0) followers.delete(id);
      };
    },
    close: () => void subscriber.off('message', onMessage),
  };
}
