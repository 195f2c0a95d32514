import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { DynDataError, isEnded, type Job, type JobHandler, type JobHandlers, type JobKind, type JobRequest } from '../../core/index.ts';
import { requestOf } from './attempt.ts';

/** The id of the job that an idempotency key stands for: the same key gives the same job, on every replica and without a table of keys. */
export function idOfKey(key: string): string {
  return createHash('sha256').update(`dyn-data job\0${key}`).digest('hex').slice(0, 32);
}

/** @throws DynDataError IDEMPOTENCY_CONFLICT */
export function requireSameRequest(existing: Job, request: JobRequest): void {
  if (isDeepStrictEqual(requestOf(existing), request)) return;
  throw new DynDataError(
    'IDEMPOTENCY_CONFLICT',
    `The idempotency key was used for another request, the job ${existing.id}. Send a new key with a new request.`,
  );
}

/** A job as it is made. Keys that are not given are left out, so that equal requests are equal. */
export function newJob(id: string, request: JobRequest, createdAt: string): Job {
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as JobRequest;
  return { ...given, id, state: 'queued', createdAt, attempts: 0 };
}

/** @throws DynDataError REQUEST_INVALID for a kind that nobody here does. */
export function handlerOf(handlers: JobHandlers, kind: JobKind): JobHandler {
  const handler = handlers[kind];
  if (handler) return handler;
  throw new DynDataError(
    'REQUEST_INVALID',
    `This registry does no jobs of the kind "${kind}". It does: ${Object.keys(handlers).join(', ')}.`,
  );
}

/** The request of a job that is to be tried again. @throws DynDataError JOB_NOT_RETRYABLE */
export function retryRequest(job: Job): JobRequest {
  if (isEnded(job.state) && job.state !== 'succeeded') return { ...requestOf(job), retryOf: job.id };
  const why = job.state === 'succeeded' ? 'has succeeded' : `is still ${job.state}`;
  throw new DynDataError('JOB_NOT_RETRYABLE', `The job ${job.id} ${why}. Only one that has failed or was cancelled is tried again.`);
}

export function jobUnknown(id: string): DynDataError {
  return new DynDataError(
    'JOB_UNKNOWN',
    `There is no job "${id}". Ended jobs are forgotten after a while, and where no Redis is configured when the registry restarts. See those that there are with \`dyn-data jobs list\`.`,
  );
}
