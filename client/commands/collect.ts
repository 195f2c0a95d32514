import type { Job } from '../../core/job.ts';
import type { Context } from '../context.ts';
import { errorOfJob, followToEnd } from '../job-following.ts';
import { collectedText } from '../retention-texts.ts';
import { operate } from './operators.ts';

/** `dyn-data collect [--dry-run]`: frees what no snapshot needs any more, and waits for the end. */
export async function collect(context: Context, { dryRun }: { readonly dryRun: boolean }): Promise<void> {
  const { api, registry } = await operate(context);
  const created = await api.collect(dryRun);
  context.output.note(`Job ${created.id}: the collector${dryRun ? ', which removes nothing' : ''}`);
  const job: Job = (await followToEnd(context, registry, created)) ?? created;
  if (job.state !== 'succeeded') throw errorOfJob(job);
  context.output.result(job.collected ? collectedText(job.collected, dryRun) : 'The collector has said nothing.', job);
}
