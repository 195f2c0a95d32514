import { parseReference } from '../../core/references.ts';
import { bringUp, type ServiceReport } from '../bring-up.ts';
import { createCompose } from '../compose.ts';
import type { Context } from '../context.ts';
import { helperOwner, openDataImage, requireDataImage } from '../data-image.ts';
import { fitTable } from '../fitted-table.ts';
import { formatCount, formatDuration, shortDigest } from '../format.ts';
import { lockProject } from '../lock.ts';
import { lockDifferences, manifestDifferences, requireLocked, requireStackLock } from '../locked-environment.ts';
import { readLockfile } from '../lockfile.ts';
import { heldName } from '../marker.ts';
import { openStack } from '../open-stack.ts';
import { openProject } from '../project.ts';
import { chooseSnapshot, writePulled } from '../snapshot-choice.ts';
import { findStackImages } from '../stack-images.ts';
import { formatSteps } from '../steps.ts';
import { showUpPlan } from './up-plan.ts';

export type UpOptions = {
  readonly reference: string | undefined;
  readonly replace: boolean;
  /** Restores structure, reference rows and base entries alone. */
  readonly empty: boolean;
  /** Refuses whatever is not as dyn-data.lock says. */
  readonly locked: boolean;
  /** Shows what would be done, and does nothing. */
  readonly dryRun: boolean;
  readonly healthTimeoutMs: number;
};

/** `dyn-data up [REF]`: everything is checked before anything starts; then the stack is brought up and its data restored in order. */
export async function up(context: Context, options: UpOptions): Promise<void> {
  const { output, now } = context;
  const startedMs = now().getTime();
  if (options.reference !== undefined) parseReference(options.reference);
  const project = await openProject(context);
  const lock = options.locked ? requireStackLock(await readLockfile(project)) : undefined;
  const { engine, stack, hooks, api } = await openStack(context, project);
  const choice = await chooseSnapshot(project, api, options.reference);
  if (options.dryRun)
    return showUpPlan(context, { engine, stack, api, choice, lock, hooks, empty: options.empty, replace: options.replace });
  if (lock) requireLocked(lockDifferences(lock, { choice, images: await findStackImages(context, engine, stack) }));

  await using _lock = await lockProject(project, context.process);
  const owner = helperOwner(context, project);
  try {
    const [{ image, pullMs }] = await Promise.all([requireDataImage({ context, engine, api, choice }), engine.removeHelpers(owner)]);
    const { repository, digest, reference } = choice;
    // So that `up` without an argument means the same next time.
    if (choice.from === 'argument') await writePulled(project, { version: 1, reference, repository, digest, image: choice.image });
    const services = await bringUp({
      context,
      stack,
      createCompose: (processes) => createCompose({ processes, project, neverPulls: options.locked }),
      async openReader(processes) {
        const reader = await openDataImage({ context: { ...context, processes }, project, choice, image });
        const differences = lock ? manifestDifferences(lock, reader.manifest) : [];
        if (differences.length > 0) await reader[Symbol.asyncDispose]();
        requireLocked(differences);
        return reader;
      },
      digest,
      empty: options.empty,
      reference,
      replace: options.replace,
      healthTimeoutMs: options.healthTimeoutMs,
      owner,
      hooks,
    });
    const durationMs = now().getTime() - startedMs;
    output.result(
      summary(
        services,
        { reference: heldName({ reference, ...(options.empty ? { empty: true } : {}) }), digest, durationMs, pullMs },
        output.columns,
      ),
      {
        version: 1,
        project: stack.project,
        reference,
        repository,
        digest,
        image: choice.image,
        empty: options.empty,
        durationMs,
        pullMs,
        services,
      },
    );
  } catch (error) {
    await engine.removeHelpers(owner);
    throw error;
  }
}

const columns = [
  { header: 'SERVICE' },
  { header: 'STATE' },
  { header: 'HEALTHY AFTER', dispensable: 3 },
  { header: 'DATA', dispensable: 2 },
  { header: 'ADDRESS', dispensable: 1 },
];

function summary(
  services: readonly ServiceReport[],
  whole: { reference: string; digest: string; durationMs: number; pullMs: number },
  width: number | undefined,
): string {
  const rows = services.map(({ service, state, healthyMs, restored, addresses }) => [
    service,
    state,
    formatDuration(healthyMs),
    dataOf(restored),
    addresses.join(' '),
  ]);
  const pulled = whole.pullMs > 0 ? ` (pull ${formatDuration(whole.pullMs)})` : '';
  // No table: its lines may be as long as they are.
  const steps = services.map((one) => `${one.service}: ${formatSteps(one.steps)}`).join('\n');
  return `\n${fitTable(columns, rows, width)}\n\nTime of each step\n${steps}\n\nUp with ${whole.reference} (${shortDigest(whole.digest)}) after ${formatDuration(whole.durationMs)}${pulled}.`;
}

function dataOf(restored: ServiceReport['restored']): string {
  if (!restored) return '';
  if (restored.outcome === 'already') return 'as restored before';
  return `${formatCount(restored.rows)} rows in ${formatDuration(restored.durationMs)}`;
}
