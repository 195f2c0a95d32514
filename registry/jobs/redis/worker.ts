import { type Job as BullJob, DelayedError, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { Logger } from 'pino';
import { DynDataError, type ErrorCode, isEnded, type Job, type JobEvent, type JobHandlers, type JobOutcome } from '../../../core/index.ts';
import { errorFields } from '../../log.ts';
import { type AttemptEnd, requestOf, runAttempt } from '../attempt.ts';
import { handlerOf } from '../job-identity.ts';
import type { RetryPolicy } from '../retry-policy.ts';
import type { RedisConnections } from './connection.ts';
import type { Keys } from './keys.ts';
import { createLeases, forgetWaiting, type Lease } from './leases.ts';
import { type CarriedJob, jobsQueueName } from './queue.ts';
import { whenBegun, whenEnded, whenFailed, whenHandedBack } from './record-changes.ts';
import { createJobRecords, type Written } from './records.ts';

const defaultProgressIntervalMs = 500;
const defaultKeptJobs = 1000;
/** How often a job whose resources are in use asks for them again. */
const askAgainMs = 500;
/** Asked so often in vain that it has lost its worker. */
const staleAfterMs = 10 * askAgainMs;
/** How often a running job is asked whether it is to be cancelled, where the message about it was lost with a connection. */
const cancelCheckMs = 3_000;
/** How long jobs that were stopped at the end of the grace time may take to end and be given back. */
const handBackMs = 5_000;
/** Pause after what no job is to blame for, such as a record that cannot be read. */
const disturbedMs = 5_000;

export type RedisWorkerOptions = {
  readonly connections: RedisConnections;
  readonly keys: Keys;
  readonly handlers: JobHandlers;
  readonly retry: RetryPolicy;
  /** Jobs at the same time, of this worker. */
  readonly concurrency: number;
  /** After how long without a word a worker counts as lost, and its jobs go to others. */
  readonly leaseMs: number;
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly logger: Logger;
  /** Told of every job that has ended here, at least once. Must not throw. */
  readonly onEnded?: (job: Job) => void;
  readonly progressIntervalMs?: number;
  readonly keptJobs?: number;
};

export type RedisWorker = {
  /**
   * Takes no more jobs; those that run get `graceMs` to end, then they are stopped and given back to the queue, where they do not count
   * as failed.
   */
  close(graceMs: number): Promise<void>;
};

/** Why a job was stopped before it ended by itself. */
type StopReason = 'cancelled' | 'handed-back' | 'lease-lost';

/**
 * Runs the jobs of the queue (queue.ts). A job begins only with the lease of itself and of its resources in hand: one that BullMQ gives
 * out a second time, because its worker seems lost, waits for the first one's lease to end. The record is written only while the lease lasts.
 */
export function createRedisWorker(options: RedisWorkerOptions): RedisWorker {
  const { connections, keys, handlers, retry, clock, newId, logger, leaseMs } = options;
  const { progressIntervalMs = defaultProgressIntervalMs, keptJobs = defaultKeptJobs } = options;
  const records = createJobRecords(connections.work, keys);
  const leases = createLeases({ redis: connections.work, keys, newToken: newId, ttlMs: leaseMs, staleMs: staleAfterMs });
  const stops = new Map<string, (reason: StopReason) => void>();
  let isDraining = false;
  let isGraceOver = false;

  const now = (): string => clock().toISOString();

  const tell = ({ id }: Job, event: JobEvent): Promise<void> => records.note(id, { ...event, at: now() });

  const ended = (job: Job): void => {
    logger.info(
      { job: job.id, kind: job.kind, environment: job.environment, state: job.state, digest: job.digest, failure: job.error?.code },
      'job ended',
    );
    options.onEnded?.(job);
    void records.forgetOldest(keptJobs).catch(() => undefined);
  };

  /** A job that waits for its resources: BullMQ brings it again, and this counts as no attempt. */
  const askAgain = async (bullJob: BullJob<CarriedJob>, token: string | undefined): Promise<never> => {
    await bullJob.moveToDelayed(Date.now() + askAgainMs, token);
    throw new DelayedError();
  };

  const processOnce = async (bullJob: BullJob<CarriedJob>, token: string | undefined): Promise<void> => {
    const { job: carried, order } = bullJob.data;
    const known = await records.create(carried, order);
    if (isEnded(known.state)) {
      // Its worker may have been lost between the record and the telling.
      options.onEnded?.(known);
      return forgetWaiting(connections.work, keys, known.id);
    }
    const { resources } = handlerOf(handlers, known.kind);
    if (isDraining) return askAgain(bullJob, token);
    const lease = await leases.acquire({ id: known.id, order, resources: resources(requestOf(known)) });
    if (!lease) {
      if (await records.isFirstWait(known.id)) await tell(known, { event: 'waiting' });
      return askAgain(bullJob, token);
    }
    try {
      await withLease(bullJob, token, known, lease);
    } finally {
      await lease.release();
    }
  };

  const withLease = async (bullJob: BullJob<CarriedJob>, token: string | undefined, known: Job, lease: Lease): Promise<void> => {
    const again = (): Promise<never> => askAgain(bullJob, token);
    const begun = await records.update(known.id, (record) => whenBegun(record, retry.attempts, now()), lease.token);
    if (begun.outcome === 'lost') return again();
    if (begun.outcome !== 'written') return;
    if (isEnded(begun.job.state)) return finish(begun, lease, again);
    logger.info(
      { job: known.id, kind: known.kind, environment: known.environment, tag: known.tag, attempt: begun.job.attempts },
      'job started',
    );

    const { end, reason } = await attempt(begun.job, lease);
    if (end.state === 'failed') return failed(known, lease, end.error, again);
    if (end.state === 'succeeded') return finish(await endWith(known, lease, 'succeeded', end.outcome), lease, again);
    if (reason === 'cancelled') return finish(await endWith(known, lease, 'cancelled'), lease, again);
    if (reason !== 'handed-back') return again();
    await records.update(known.id, (record) => whenHandedBack(record, now()), lease.token);
    await lease.release();
    await bullJob.moveToWait(token);
    throw new WaitingError();
  };

  /** The handler's run, stopped by a cancellation, by the end of the lease or by the end of this worker. */
  const attempt = async (job: Job, lease: Lease): Promise<{ end: AttemptEnd; reason: StopReason | undefined }> => {
    const controller = new AbortController();
    let reason: StopReason | undefined;
    const stop = (why: StopReason): void => {
      reason ??= why;
      controller.abort(new DynDataError('CANCELLED', stopSentences[reason]));
    };
    const onLost = (): void => stop('lease-lost');
    lease.lost.addEventListener('abort', onLost, { once: true });
    stops.set(job.id, stop);
    // One after another, so that a later state is never written over by an earlier one.
    let writing: Promise<unknown> = Promise.resolve();
    const inTurn = (work: () => Promise<unknown>): void => {
      writing = writing
        .then(work)
        .catch((error: unknown) => logger.warn({ job: job.id, error: errorFields(error) }, 'job record not written'));
    };
    const wanted = await records.read(job.id);
    if (wanted?.isCancelWanted) stop('cancelled');
    if (isGraceOver) stop('handed-back');
    const watch = setInterval(() => {
      // The message may have been lost with a connection.
      void records.read(job.id).then(
        (record) => record?.isCancelWanted && stop('cancelled'),
        () => undefined,
      );
    }, cancelCheckMs);
    try {
      const end = await runAttempt(
        job,
        handlerOf(handlers, job.kind),
        {
          onUpdate: (changes) => inTurn(() => records.update(job.id, (record) => ({ job: { ...record.job, ...changes } }), lease.token)),
          onEvent: (event) => inTurn(() => tell(job, event)),
          confirm: async () => {
            if (!(await lease.isHeld())) stop('lease-lost');
            controller.signal.throwIfAborted();
          },
        },
        { signal: controller.signal, logger, progressIntervalMs },
      );
      return { end, reason };
    } finally {
      clearInterval(watch);
      stops.delete(job.id);
      lease.lost.removeEventListener('abort', onLost);
      await Promise.race([writing, untilAborted(lease.lost)]);
    }
  };

  const endWith = (job: Job, lease: Lease, state: 'succeeded' | 'cancelled', outcome: JobOutcome = {}): Promise<Written> =>
    records.update(job.id, (record) => whenEnded(record, { ...outcome, state }, now()), lease.token);

  const finish = async (written: Written, lease: Lease, again: () => Promise<never>): Promise<void> => {
    if (written.outcome === 'lost') return again();
    if (written.outcome !== 'written') return;
    await lease.release();
    ended(written.job);
  };

  const failed = async (job: Job, lease: Lease, error: DynDataError, again: () => Promise<never>): Promise<void> => {
    let waitMs = 0;
    const written = await records.update(
      job.id,
      (record) => {
        waitMs = retry.delayMs(record.failures + 1);
        return whenFailed(record, error, { attempts: retry.attempts, waitMs, now: clock() });
      },
      lease.token,
    );
    if (written.outcome === 'written' && written.job.state === 'queued') {
      await lease.release();
      throw new RetryLater(error.code, waitMs);
    }
    await finish(written, lease, again);
    if (written.outcome === 'written' && written.job.state === 'failed') throw new UnrecoverableError(error.code);
  };

  const onCancel = (channel: string, id: string): void => {
    if (channel === keys.cancels) stops.get(id)?.('cancelled');
  };
  connections.subscriber.on('message', onCancel);
  void connections.subscriber.subscribe(keys.cancels);

  const worker = new Worker<CarriedJob>(jobsQueueName, processOnce, {
    connection: connections.work,
    prefix: keys.bull,
    concurrency: options.concurrency,
    lockDuration: leaseMs,
    // Redis takes whole numbers only: with any other no lost job is ever found.
    stalledInterval: Math.round(leaseMs / 3),
    // A job that loses worker after worker is ended by the record's count, which people see.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    settings: { backoffStrategy: (_attempts, _type, error) => (error instanceof RetryLater ? error.delayMs : disturbedMs) },
  });
  worker.on('error', (error) => logger.warn({ error: errorFields(error) }, 'worker disturbed'));
  worker.on('stalled', (id) => logger.warn({ job: id }, 'job found without its worker'));

  return {
    async close(graceMs) {
      isDraining = true;
      // Waiting jobs that this worker still gets go straight back.
      await worker.pause(true);
      const deadline = setTimeout(() => {
        isGraceOver = true;
        for (const stop of stops.values()) stop('handed-back');
      }, graceMs);
      // Without Redis nothing can be given back; the leases then end by themselves.
      let giveUp: NodeJS.Timeout | undefined;
      const isGivenUp = new Promise<void>((resolve) => {
        giveUp = setTimeout(resolve, graceMs + handBackMs);
      });
      await Promise.race([worker.close(), isGivenUp]);
      clearTimeout(giveUp);
      clearTimeout(deadline);
      connections.subscriber.off('message', onCancel);
    },
  };
}

const stopSentences: Readonly<Record<StopReason, string>> = {
  cancelled: 'The job was cancelled.',
  'handed-back': 'The worker is being stopped; the job goes back to the queue.',
  'lease-lost': 'The worker could not show for too long that the job is still its own; the job goes back to the queue.',
};

/** BullMQ fails a job by an error; its name and message are all that is kept there. */
class RetryLater extends Error {
  override readonly name = 'RetryLater';
  readonly delayMs: number;

  constructor(code: ErrorCode, delayMs: number) {
    super(code);
    this.delayMs = delayMs;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
