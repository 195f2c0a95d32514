import type { Logger } from 'pino';
import {
  DynDataError,
  isDigest,
  type Job,
  type JobEvent,
  type JobHandler,
  type JobOutcome,
  type JobRequest,
  jobRequestSchema,
  type Progress,
  toDynDataError,
} from '../../core/index.ts';
import { errorFields } from '../log.ts';
import { throttled } from './throttle.ts';

export type AttemptEnd =
  | { readonly state: 'succeeded'; readonly outcome: JobOutcome }
  | { readonly state: 'failed'; readonly error: DynDataError }
  /** The signal fired; its reason says why. */
  | { readonly state: 'stopped' };

export type AttemptSink = {
  /** Called at a bounded rate, and with the last state in any case before the attempt ends. */
  readonly onUpdate: (changes: Pick<Job, 'progress' | 'checked' | 'collected'>) => void;
  readonly onEvent: (event: JobEvent) => void;
  readonly confirm: () => Promise<void>;
};

/** One attempt of one job, whoever keeps its record: never throws, and never outlives its handler. */
export async function runAttempt(
  job: Job,
  handler: JobHandler,
  sink: AttemptSink,
  options: { readonly signal: AbortSignal; readonly logger: Logger; readonly progressIntervalMs: number },
): Promise<AttemptEnd> {
  const { signal, logger } = options;
  const fields = { job: job.id, kind: job.kind, environment: job.environment };
  const updates = throttled(options.progressIntervalMs, sink.onUpdate);
  let step: Progress['step'] | undefined;
  let told = 0;
  const onProgress = (progress: Progress): void => {
    if (progress.step !== step) sink.onEvent({ event: 'step', detail: progress.step });
    step = progress.step;
    for (const { reason, mended } of progress.interruptions?.slice(told) ?? []) {
      logger.warn({ ...fields, reason, mended }, 'source lost');
      sink.onEvent({ event: 'source-lost', detail: `${reason} (${mended})` });
    }
    told = progress.interruptions?.length ?? 0;
    updates.push({ progress });
  };
  try {
    signal.throwIfAborted();
    const { digest, collected, retained } = await handler.run(requestOf(job), {
      onProgress,
      onChecked: (checked) => updates.push({ checked }),
      onCollected: (collected) => updates.push({ collected }),
      onEvent: sink.onEvent,
      confirm: sink.confirm,
      signal,
    });
    if (digest !== undefined && !isDigest(digest)) throw new DynDataError('INTERNAL', 'The job gave no digest. Please report this.');
    // Only these: a handler may give more than its job is to remember.
    const outcome = { ...(digest !== undefined && { digest }), ...(collected && { collected }), ...(retained && { retained }) };
    return { state: 'succeeded', outcome };
  } catch (failure) {
    const error = toDynDataError(failure);
    const isStopped = signal.aborted;
    logger[isStopped ? 'info' : 'error']({ ...fields, error: errorFields(error) }, isStopped ? 'job stopped' : 'job failed');
    return isStopped ? { state: 'stopped' } : { state: 'failed', error };
  } finally {
    updates.flush();
    updates.stop();
  }
}

/** What a job was asked for, without what has become of it. */
export function requestOf(job: Job): JobRequest {
  const keys = Object.keys(jobRequestSchema.shape) as (keyof JobRequest)[];
  return Object.fromEntries(keys.filter((key) => job[key] !== undefined).map((key) => [key, job[key]])) as JobRequest;
}

export function jobErrorOf({ code, message, details }: DynDataError): NonNullable<Job['error']> {
  return { code, detail: message, details: [...details] };
}
