import { routePath, routes } from '../../core/contract.ts';
import { isEnded, type Job, jobSchema } from '../../core/job.ts';
import type { Context } from '../context.ts';
import { fitTable } from '../fitted-table.ts';
import { formatAge, formatBytes, formatCount, formatDuration, shortDigest } from '../format.ts';
import { errorOfJob, followToEnd } from '../job-following.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject } from '../project.ts';
import type { RegistryApi } from '../registry-api.ts';
import { collectedBytesText, retainedLines } from '../retention-texts.ts';
import { operate } from './operators.ts';

export type JobsFilter = { readonly state?: string; readonly kind?: string; readonly environment?: string; readonly limit: number };

async function apiOf(context: Context): Promise<RegistryApi> {
  const { config } = await openProject(context);
  return openRegistry(context, config.registry);
}

const columns = [
  { header: 'JOB' },
  { header: 'KIND', dispensable: 2 },
  { header: 'OF', dispensable: 5 },
  { header: 'STATE' },
  { header: 'AGE', dispensable: 1 },
  { header: 'TOOK', dispensable: 6 },
  { header: 'TAG', dispensable: 4 },
  { header: 'OUTCOME', dispensable: 3 },
];

/** `dyn-data jobs list`: the newest first. */
export async function jobsList(context: Context, { limit, ...filter }: JobsFilter): Promise<void> {
  const api = await apiOf(context);
  const jobs: Job[] = [];
  for await (const job of api.pages(routes.listJobs.answer, routes.listJobs.path, filter)) if (jobs.push(job) === limit) break;
  const now = context.now();
  const rows = jobs.map((job) => [
    job.id,
    job.kind,
    job.environment ?? job.repository ?? '-',
    job.retryAt === undefined ? job.state : 'retrying',
    formatAge(new Date(job.createdAt), now),
    job.startedAt === undefined
      ? '-'
      : formatDuration((job.endedAt === undefined ? now.getTime() : Date.parse(job.endedAt)) - Date.parse(job.startedAt)),
    job.tag ?? '-',
    job.error?.code ?? (job.digest === undefined ? '-' : shortDigest(job.digest)),
  ]);
  const text = rows.length === 0 ? 'No jobs.' : fitTable(columns, rows, context.output.columns);
  context.output.result(text, { version: 1, jobs });
}

/** `dyn-data jobs show ID` */
export async function jobsShow(context: Context, id: string): Promise<void> {
  const api = await apiOf(context);
  const job = await api.call(routes.showJob.answer, routePath(routes.showJob.path, { id }));
  context.output.result(describe(job), job);
}

/** `dyn-data jobs follow ID`: ends as the job does, also with its exit code. */
export async function jobsFollow(context: Context, id: string): Promise<void> {
  const job = await followToEnd(context, await apiOf(context), { id });
  if (job?.state === 'succeeded') context.output.result(describe(job), job);
  else if (job) throw errorOfJob(job);
}

/** `dyn-data jobs cancel ID` */
export async function jobsCancel(context: Context, id: string): Promise<void> {
  const api = await apiOf(context);
  const job = await api.call(jobSchema, routePath(routes.cancelJob.path, { id }), { method: 'POST' });
  const text = isEnded(job.state)
    ? `The job ${id} is ${job.state}.`
    : `The job ${id} is being cancelled. See its end with: dyn-data jobs follow ${id}`;
  context.output.result(text, job);
}

/** `dyn-data jobs retry ID` */
export async function jobsRetry(context: Context, id: string): Promise<void> {
  const api = await apiOf(context);
  const job = await api.create(routes.retryJob, { parameters: { id } });
  context.output.result(`Tried again as the job ${job.id}. Follow it with: dyn-data jobs follow ${job.id}`, job);
}

/** `dyn-data jobs verify [REF]`: has all that the registry stores of a repository, or of one snapshot, read and hashed again, and waits for the end. */
export async function jobsVerify(context: Context, reference: string | undefined, wanted: { readonly repository?: string }): Promise<void> {
  const { registry, find, ...project } = await operate(context);
  const within = wanted.repository ?? project.repository;
  const snapshot = reference === undefined ? undefined : await find(reference, within);
  const repository = snapshot?.repository ?? within;
  const body = { kind: 'verify', repository, ...(snapshot && { snapshot: snapshot.digest }) };
  const created = await registry.create(routes.createJob, { body });
  context.output.note(
    `Job ${created.id}: what is stored of ${snapshot ? `${repository}@${snapshot.digest}` : repository} is read and hashed`,
  );
  const job = (await followToEnd(context, registry, created)) ?? created;
  if (job.state !== 'succeeded') throw errorOfJob(job);
  if (!job.checked) context.output.note(`The repository ${repository} has nothing yet that could be verified.`);
  context.output.result(describe(job), job);
}

/** `dyn-data jobs log ID` */
export async function jobsLog(context: Context, id: string): Promise<void> {
  const api = await apiOf(context);
  const entries = await Array.fromAsync(api.pages(routes.jobLog.answer, routePath(routes.jobLog.path, { id })));
  const lines = entries.map(({ at, event, code, detail }) => [at, event, code, detail].filter((part) => part !== undefined).join('  '));
  context.output.result(lines.join('\n'), { version: 1, job: id, entries });
}

/** Every field that is there, one a line. */
function describe(job: Job): string {
  const { progress, checked, collected, retained, error, schedule, dryRun = false } = job;
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['job', job.id],
    ['kind', job.kind],
    ['environment', job.environment],
    ['repository', job.repository],
    ['snapshot', job.snapshot],
    ['tag', [job.tag, job.alias].filter((name) => name !== undefined).join(', ') || undefined],
    ['schedule', schedule && `${schedule.name}, ${schedule.slot}`],
    ['dry run', dryRun ? 'yes' : undefined],
    ['plan', job.plan],
    ['retry of', job.retryOf],
    ['state', job.state],
    ['attempts', String(job.attempts)],
    ['created', job.createdAt],
    ['started', job.startedAt],
    ['next attempt', job.retryAt],
    ['ended', job.endedAt],
    [
      'progress',
      progress &&
        `${progress.step}, ${formatCount(progress.rowsDone)} rows in ${progress.tablesDone} of ${progress.tablesTotal} tables, ${formatBytes(progress.bytesDone)}`,
    ],
    [
      'checked',
      checked &&
        `${checked.snapshotsDone} of ${checked.snapshotsTotal} snapshots, ${formatCount(checked.blobsDone)} blobs, ${formatBytes(checked.bytesDone)}`,
    ],
    ['collected', collected && collectedBytesText(collected, dryRun)],
    ['retention', retained && retainedLines(retained, dryRun).join('\n    ')],
    ['digest', job.digest],
    ['error', error && [`${error.code}: ${error.detail}`, ...error.details].join('\n    ')],
  ];
  return fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(12)}  ${value}`])).join('\n');
}
