import { DynDataError, type ErrorCode, errorKinds } from '../core/errors.ts';
import type { Job, Progress } from '../core/job.ts';
import type { Context } from './context.ts';
import { formatBar, formatBytes, formatCount } from './format.ts';
import type { RegistryApi } from './registry-api.ts';
import { collectedBytesText } from './retention-texts.ts';

const lineEveryMs = 5_000;

/**
 * Tells of a job until it has ended, and gives what it ended as.
 * @throws DynDataError CANCELLED where the command was interrupted; the job goes on.
 */
export async function followToEnd(context: Context, api: Pick<RegistryApi, 'followJob'>, job: Pick<Job, 'id'>): Promise<Job | undefined> {
  const tell = createJobTeller(context);
  let last: Job | undefined;
  try {
    for await (const state of api.followJob(job.id)) {
      last = state;
      tell(state);
    }
  } catch (error) {
    if (!context.signal.aborted) throw error;
    throw new DynDataError(
      'CANCELLED',
      `Interrupted. The job ${job.id} goes on in the registry; only its following was ended. Follow it again with: dyn-data jobs follow ${job.id}`,
    );
  } finally {
    context.output.live('job', undefined);
  }
  return last;
}

/** What a job that has not succeeded means for the command. */
export function errorOfJob(job: Job): DynDataError {
  if (job.state === 'cancelled')
    return new DynDataError(
      'CANCELLED',
      `The job ${job.id} was cancelled. Nothing of it is visible. Do it again with: dyn-data jobs retry ${job.id}`,
    );
  const {
    code = 'REGISTRY_FAILED',
    detail = `The job ${job.id} failed without saying why. Look at the registry's log.`,
    details = [],
  } = job.error ?? {};
  const known = Object.hasOwn(errorKinds, code);
  return new DynDataError(known ? (code as ErrorCode) : 'REGISTRY_FAILED', known ? detail : `${code}: ${detail}`, { details });
}

/** On a terminal a line in place; else a line for each step and one every few seconds. */
function createJobTeller({ output, now }: Context): (job: Job) => void {
  let lastStep = '';
  let lineMs = 0;
  let told = 0;
  let toldRetry = '';
  return ({ state, progress, collected, dryRun = false, retryAt, error }) => {
    if (retryAt !== undefined && retryAt !== toldRetry) {
      toldRetry = retryAt;
      output.note(`${error?.code}: ${error?.detail} It is tried again at ${retryAt}.`);
    }
    for (const { reason, mended } of progress?.interruptions?.slice(told) ?? [])
      output.note(
        `${reason} ${mended === 'read-again' ? 'What was being read is read again, at the same point in time.' : 'Everything is read again, from a new point in time.'}`,
      );
    told = progress?.interruptions?.length ?? 0;
    const step = progress?.step ?? collected?.step ?? state;
    const text = progress ? progressText(progress) : collected ? collectedBytesText(collected, dryRun) : state;
    output.live('job', text);
    const ms = now().getTime();
    const isDue = step !== lastStep || (!output.isTerminal && ms - lineMs >= lineEveryMs);
    if (!isDue) return;
    output.note(step !== lastStep && output.isTerminal ? step : text);
    lastStep = step;
    lineMs = ms;
  };
}

function progressText(progress: Progress): string {
  const { step, current, tablesDone, tablesTotal, rowsDone, rowsEstimated, bytesDone } = progress;
  if (step !== 'extract') return step;
  // The estimate is the servers' own and may be too low.
  const bar = formatBar(rowsDone, Math.max(rowsEstimated, rowsDone));
  const place = current === undefined ? '' : `  ${current}`;
  return `${step} ${bar}  table ${tablesDone} of ${tablesTotal}  ${formatCount(rowsDone)} rows  ${formatBytes(bytesDone)}${place}`;
}
