import type { Context } from '../context.ts';
import { formatBytes, formatCount } from '../format.ts';
import { errorOfJob, followToEnd } from '../job-following.ts';
import { openRegistry } from '../open-registry.ts';
import { openProject } from '../project.ts';

export type SnapshotCreateOptions = {
  readonly environment: string;
  readonly tag: string | undefined;
  readonly alias: string | undefined;
  readonly follow: boolean;
};

/** `dyn-data snapshot create ENV`: asks the registry for a snapshot and, if wanted, follows the job to its end. */
export async function snapshotCreate(context: Context, options: SnapshotCreateOptions): Promise<void> {
  const { environment, tag, alias, follow } = options;
  const { config } = await openProject(context);
  const api = openRegistry(context, config.registry);
  const created = await api.createSnapshot({
    environment,
    ...(tag === undefined ? {} : { tag }),
    ...(alias === undefined ? {} : { alias }),
  });
  if (!follow) {
    context.output.result(
      `The snapshot of ${environment} is ${created.state} as job ${created.id}. Add --follow to wait for its end; \`dyn-data ls\` shows it then.`,
      created,
    );
    return;
  }
  context.output.note(`Job ${created.id}: snapshot of ${environment}`);
  const job = (await followToEnd(context, api, created)) ?? created;
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
  throw errorOfJob(job);
}
