import { parseReference } from '../../core/references.ts';
import { bringUp } from '../bring-up.ts';
import { createCompose } from '../compose.ts';
import { agree } from '../confirmation.ts';
import type { Context } from '../context.ts';
import { helperOwner, openDataImage, requireDataImage } from '../data-image.ts';
import { formatCount, formatDuration, shortDigest } from '../format.ts';
import { heldChanged, readHeldSnapshots, requireAllRunning, requireDataService } from '../held-snapshot.ts';
import { lockProject } from '../lock.ts';
import { heldName } from '../marker.ts';
import { openStack } from '../open-stack.ts';
import { openProject } from '../project.ts';
import { resolveReference } from '../snapshot-choice.ts';

export type RestoreOptions = {
  readonly reference: string;
  readonly service: string;
  /** Structure, reference rows and base entries alone. */
  readonly empty: boolean;
  /** Agreed to beforehand. */
  readonly yes: boolean;
  readonly healthTimeoutMs: number;
};

/** `dyn-data restore REF --service S`: one service of the running stack takes another snapshot; the others keep what they hold. */
export async function restore(context: Context, options: RestoreOptions): Promise<void> {
  const { output, now } = context;
  const { service, empty, healthTimeoutMs } = options;
  parseReference(options.reference);
  const project = await openProject(context);
  const { engine, stack, hooks, api } = await openStack(context, project);
  const choice = await resolveReference(project, api, options.reference);
  await using _lock = await lockProject(project, context.process);
  const before = await describeHeld();
  const { repository, digest, reference } = choice;
  const named = heldName({ reference, ...(empty ? { empty } : {}) });
  await agree(
    context,
    options.yes,
    `The service ${service} of ${stack.project} holds ${before}. All of it will be replaced by ${named} (${shortDigest(digest)}); what depends on it is stopped meanwhile. Go on?`,
  );

  const startedMs = now().getTime();
  const owner = helperOwner(context, project);
  try {
    const [{ image }] = await Promise.all([requireDataImage({ context, engine, api, choice }), engine.removeHelpers(owner)]);
    const services = await bringUp({
      context,
      stack,
      createCompose: (processes) => createCompose({ processes, project }),
      openReader: (processes) => openDataImage({ context: { ...context, processes }, project, choice, image }),
      digest,
      empty,
      reference,
      replace: true,
      only: service,
      healthTimeoutMs,
      owner,
      hooks,
    });
    const durationMs = now().getTime() - startedMs;
    const rows = services.find((one) => one.service === service)?.restored?.rows ?? 0;
    output.result(`${service} holds ${formatCount(rows)} rows of ${named} (${shortDigest(digest)}) after ${formatDuration(durationMs)}.`, {
      version: 1,
      project: stack.project,
      service,
      reference,
      repository,
      digest,
      empty,
      replaced: before,
      durationMs,
      services,
    });
  } catch (error) {
    await engine.removeHelpers(owner);
    throw error;
  }

  /** What is about to be lost, for people. */
  async function describeHeld(): Promise<string> {
    await using found = await readHeldSnapshots(context, stack);
    const held = requireDataService(found.held, service);
    requireAllRunning(found.held);
    if (!held.marker) return 'nothing that dyn-data restored';
    const name = `${heldName(held.marker)} (${shortDigest(held.marker.digest)})`;
    if (held.state === 'restoring') return `a part of ${name}, whose restore was interrupted`;
    const changes = { yes: ', changed since', no: ', unchanged since', unknown: ', perhaps changed since' };
    return `${name}${changes[await heldChanged(context, held)]}`;
  }
}
