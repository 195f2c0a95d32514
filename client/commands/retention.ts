import { DynDataError } from '../../core/errors.ts';
import type { KeepReason, RetentionPlan } from '../../core/retention.ts';
import type { Context } from '../context.ts';
import { formatBytes, formatTable, shortDigest } from '../format.ts';
import { errorOfJob, followToEnd } from '../job-following.ts';
import { retainedLines } from '../retention-texts.ts';
import { type Operating, operate } from './operators.ts';

/** `dyn-data retention plan [ENV]`: what the policy of each environment keeps, why, and what it would remove. Removes nothing. */
export async function retentionPlan(context: Context, environment: string | undefined): Promise<void> {
  const { api } = await operate(context);
  const plans: RetentionPlan[] = [];
  for (const name of await environmentsOf(api, environment)) plans.push(await api.retentionPlan(name));
  context.output.result(plans.map(planText).join('\n\n'), { version: 1, plans });
}

export type RetentionApplyOptions = {
  readonly environment: string | undefined;
  readonly plan: string | undefined;
  readonly yes: boolean;
  readonly dryRun: boolean;
};

/** `dyn-data retention apply [ENV]`: a plan that somebody has seen (`--plan`), or, with `--yes`, the one of this moment; removes nothing with `--dry-run`. */
export async function retentionApply(context: Context, { environment, plan: wanted, yes, dryRun }: RetentionApplyOptions): Promise<void> {
  if (wanted !== undefined && environment === undefined)
    throw new DynDataError('USAGE', 'A plan is of one environment. Name it too: dyn-data retention apply ENVIRONMENT --plan DIGEST');
  const { api, registry } = await operate(context);
  const lines: string[] = [];
  const applied: unknown[] = [];
  for (const name of await environmentsOf(api, environment)) {
    const plan = await api.retentionPlan(name);
    if (wanted === undefined && !yes && !dryRun) {
      throw new DynDataError('USAGE', 'Nothing was removed. Apply the plan that you have seen by its digest, or any plan with --yes.', {
        details: [...planText(plan).split('\n'), `dyn-data retention apply ${name} --plan ${shortDigest(plan.digest)}`],
      });
    }
    if (wanted !== undefined && !isSame(plan.digest, wanted))
      throw new DynDataError(
        'PLAN_OUTDATED',
        `The plan of "${name}" is another one by now. Look at it again: dyn-data retention plan ${name}`,
      );
    const created = await api.applyRetention(name, { dryRun, plan: plan.digest });
    const job = (await followToEnd(context, registry, created)) ?? created;
    if (job.state !== 'succeeded' || !job.retained) throw errorOfJob(job);
    applied.push({ environment: name, job: job.id, ...job.retained });
    const [first = '', ...more] = retainedLines(job.retained, dryRun);
    lines.push(`${name}: ${first}`, ...more);
  }
  const next = dryRun ? 'Nothing was removed.' : 'The collector frees their space: dyn-data collect';
  context.output.result(`${lines.join('\n')}\n${next}`, { version: 1, dryRun, applied });
}

/** As people copy it: with or without `sha256:`, whole or its first digits. */
function isSame(digest: string, wanted: string): boolean {
  const digits = wanted.replace(/^sha256:/, '');
  return /^[0-9a-f]{12,64}$/.test(digits) && digest.slice('sha256:'.length).startsWith(digits);
}

async function environmentsOf(api: Operating['api'], environment: string | undefined): Promise<string[]> {
  if (environment !== undefined) return [environment];
  const names: string[] = [];
  for await (const { name } of api.environments()) names.push(name);
  return names;
}

function planText({ environment, policy, keep, remove, digest }: RetentionPlan): string {
  if (!policy) return `${environment}: no retention is configured, so its ${keep.length} snapshots stay.`;
  const rows = [
    ...keep.map(({ takenAt, digest: of, tags, reasons }) => [
      'keep',
      takenAt,
      shortDigest(of),
      tags.join(', ') || '-',
      reasons.map(reasonText).join('; '),
    ]),
    ...remove.map(({ takenAt, digest: of, tags }) => ['remove', takenAt, shortDigest(of), tags.join(', ') || '-', '']),
  ].sort((a, b) => ((a[1] ?? '') < (b[1] ?? '') ? 1 : -1));
  const bytes = remove.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return [
    `${environment}: ${keep.length} stay, ${remove.length} go (${formatBytes(bytes)} as they are pulled; what others share stays stored)`,
    formatTable(['', 'TAKEN', 'DIGEST', 'TAGS', 'WHY'], rows),
    `Plan ${shortDigest(digest)}. To apply it: dyn-data retention apply ${environment} --plan ${shortDigest(digest)}`,
  ].join('\n');
}

function reasonText(reason: KeepReason): string {
  switch (reason.kind) {
    case 'newest':
      return 'the newest';
    case 'last':
      return 'one of the last';
    case 'tag':
      return `tag ${reason.tag}`;
    case 'digest':
      return 'its digest is kept';
    case 'pin':
      return `pinned by ${reason.by}${reason.until === undefined ? '' : ` until ${reason.until}`}: ${reason.why}`;
    case 'index':
      return `part of ${shortDigest(reason.digest)}`;
    default:
      return `${reason.kind} ${reason.period}${reason.oldest ? ' (oldest)' : ''}`;
  }
}
