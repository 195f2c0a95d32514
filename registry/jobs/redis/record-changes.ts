import { DynDataError, isEnded, type Job, type JobOutcome } from '../../../core/index.ts';
import { jobErrorOf } from '../attempt.ts';
import type { Change, JobRecord } from './records.ts';

type Known = Pick<JobRecord, 'job' | 'failures'>;

/** A worker begins the job; one that is running already has lost its worker, which is a failure. Undefined where it has ended. */
export function whenBegun({ job, failures }: Known, attempts: number, at: string): Change | undefined {
  if (isEnded(job.state)) return undefined;
  const { retryAt: _retryAt, progress: _progress, checked: _checked, collected: _collected, error: _error, ...rest } = job;
  const running: Job = { ...rest, state: 'running', startedAt: at, attempts: job.attempts + 1 };
  if (job.state !== 'running') return { job: running, failures, log: [{ event: 'started', at }] };
  const lost = { event: 'worker-lost', code: 'WORKER_LOST', at } as const;
  if (failures + 1 < attempts) return { job: running, failures: failures + 1, log: [lost, { event: 'started', at }] };
  const error = jobErrorOf(
    new DynDataError(
      'WORKER_LOST',
      `The job has lost its worker, or failed, ${failures + 1} times and is not tried again. Look at the workers' logs and their memory, then retry it.`,
    ),
  );
  return {
    job: { ...rest, state: 'failed', endedAt: at, error },
    failures: failures + 1,
    log: [lost, { event: 'failed', code: error.code, at }],
  };
}

export function whenEnded({ job }: Known, changes: Pick<Job, 'state'> & JobOutcome, at: string): Change | undefined {
  const { state } = changes;
  if (isEnded(job.state) || (state !== 'succeeded' && state !== 'cancelled')) return undefined;
  return { job: { ...job, ...changes, endedAt: at }, log: [{ event: state, at }] };
}

/** The worker is being stopped: another one begins the job again, and no failure is counted. */
export function whenHandedBack({ job }: Known, at: string): Change | undefined {
  return isEnded(job.state) ? undefined : { job: { ...job, state: 'queued' }, log: [{ event: 'handed-back', at }] };
}

/** An attempt has failed: the job waits for the next one if the failure may pass and attempts are left, unless it is to be cancelled anyway. */
export function whenFailed(
  { job, failures, isCancelWanted }: Known & Pick<JobRecord, 'isCancelWanted'>,
  error: DynDataError,
  options: { readonly attempts: number; readonly waitMs: number; readonly now: Date },
): Change {
  const at = options.now.toISOString();
  const made = failures + 1;
  if (isCancelWanted) return { job: { ...job, state: 'cancelled', endedAt: at }, log: [{ event: 'cancelled', at }] };
  const known: Job = { ...job, error: jobErrorOf(error) };
  const { code, message: detail } = error;
  if (!error.retryable || made >= options.attempts)
    return { job: { ...known, state: 'failed', endedAt: at }, failures: made, log: [{ event: 'failed', code, detail, at }] };
  const retryAt = new Date(options.now.getTime() + options.waitMs).toISOString();
  return { job: { ...known, state: 'queued', retryAt }, failures: made, log: [{ event: 'retrying', code, detail, at }] };
}
