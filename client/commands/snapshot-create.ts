import { DynDataError, type ErrorCode, errorKinds } from '../../core/errors.ts';
import type { Job, Progress } from '../../core/job.ts';
import type { Context } from '../context.ts';
import { formatBar, formatBytes, formatCount } from '../format.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject } from '../project.ts';

const lineEveryMs = 5_000;

export type SnapshotCreateOptions = { readonly environment: string; readonly tag: string | undefined; readonly follow: boolean };

/** `dyn-data snapshot create ENV`: asks the registry for a snapshot and, if wanted, follows the job to its end. */
export async function snapshotCreate(context: Context, options: SnapshotCreateOptions): Promise<void> {
  const { environment, tag, follow } = options;
  const { config } = await openProject(context);
  const api = openRegistry(context, config.registry);
  const created = await api.createSnapshot({ environment, ...(tag === undefined ? {} : { tag }) });
  if (!follow) {
    context.output.result(
      `The snapshot of ${environment} is ${created.state} as job ${created.id}. Add --follow to wait for its end; \`dyn-data ls\` shows it then.`,
      created,
    );
    return;
  }
  context.output.note(`Job ${created.id}: snapshot of ${environment}`);
  const tell = createJobTeller(context);
  let job: Job = created;
  try {
    for await (job of api.followJob(created.id)) tell(job);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    throw new DynDataError('CANCELLED', `Interrupted. The job ${created.id} goes on in the registry; only its following was ended.`);
  } finally {
    context.output.live('job', undefined);
  }
  if (job.state === 'succeeded') {
    const { progress } = job;
    const counts = progress
      ? `\n  ${formatCount(progress.rowsDone)} rows in ${progress.tablesDone} tables, ${formatBytes(progress.bytesDone)}`
      : '';
    const name = tag === undefined ? job.digest : tag;
    context.output.result(
      `Snapshot of ${environment}${tag === undefined ? '' : `, tagged ${tag}`}\n  ${job.digest}${counts}\nNext: dyn-data pull ${name} && dyn-data up`,
      job,
    );
    return;
  }
  throw errorOf(job);
}

function errorOf(job: Job): DynDataError {
  if (job.state === 'cancelled') return new DynDataError('CANCELLED', `The job ${job.id} was cancelled. Nothing of it is visible.`);
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
  return ({ state, progress }) => {
    for (const { reason, mended } of progress?.interruptions?.slice(told) ?? [])
      output.note(
        `${reason} ${mended === 'read-again' ? 'What was being read is read again, at the same point in time.' : 'Everything is read again, from a new point in time.'}`,
      );
    told = progress?.interruptions?.length ?? 0;
    const step = progress?.step ?? state;
    const text = progress ? progressText(progress) : state;
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
