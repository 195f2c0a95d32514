import { DynDataError } from '../../core/errors.ts';
import { bringUp } from '../bring-up.ts';
import { createCompose, type Stack } from '../compose.ts';
import { agree } from '../confirmation.ts';
import type { Context } from '../context.ts';
import { helperOwner, openDataImage, requireDataImage } from '../data-image.ts';
import { formatCount, formatDuration, shortDigest } from '../format.ts';
import { type Held, readHeldSnapshots, requireAllRunning, requireDataService } from '../held-snapshot.ts';
import { lockProject } from '../lock.ts';
import { heldName, isOf, type Marker } from '../marker.ts';
import { openStack } from '../open-stack.ts';
import { openProject } from '../project.ts';
import { chooseHeld } from '../snapshot-choice.ts';

export type ResetOptions = {
  /** One service; all that take data, if left out. */
  readonly service: string | undefined;
  /** Agreed to beforehand. */
  readonly yes: boolean;
  readonly healthTimeoutMs: number;
};

/** `dyn-data reset [--service S]`: restores what the services hold once more from the snapshot; what was changed in them since is lost. */
export async function reset(context: Context, { service, yes, healthTimeoutMs }: ResetOptions): Promise<void> {
  const { output, now } = context;
  const project = await openProject(context);
  const { engine, stack, hooks, api } = await openStack(context, project);
  await using _lock = await lockProject(project, context.process);
  const marker = await markerHeldNow(context, stack, service);
  const choice = await chooseHeld(project, marker);
  const what = service === undefined ? 'all data services' : `the service ${service}`;
  await agree(context, yes, `${what} of ${stack.project} will be restored from ${heldName(marker)}; all changes since are lost. Go on?`);

  const startedMs = now().getTime();
  const owner = helperOwner(context, project);
  try {
    const [{ image }] = await Promise.all([requireDataImage({ context, engine, api, choice }), engine.removeHelpers(owner)]);
    const { digest, reference } = choice;
    const services = await bringUp({
      context,
      stack,
      createCompose: (processes) => createCompose({ processes, project }),
      openReader: (processes) => openDataImage({ context: { ...context, processes }, project, choice, image }),
      digest,
      empty: marker.empty ?? false,
      reference,
      replace: true,
      ...(service === undefined ? {} : { only: service }),
      healthTimeoutMs,
      owner,
      hooks,
    });
    const durationMs = now().getTime() - startedMs;
    const lines = services.flatMap(({ service: name, restored }) =>
      restored?.outcome === 'restored' ? [`${name}: ${formatCount(restored.rows)} rows as in the snapshot again`] : [],
    );
    output.result([...lines, `Reset to ${reference} (${shortDigest(digest)}) after ${formatDuration(durationMs)}.`].join('\n'), {
      version: 1,
      project: stack.project,
      reference,
      digest,
      durationMs,
      services,
    });
  } catch (error) {
    await engine.removeHelpers(owner);
    throw error;
  }
}

async function markerHeldNow(context: Context, stack: Stack, service: string | undefined): Promise<Marker> {
  await using found = await readHeldSnapshots(context, stack);
  return heldByAll(found.held, service);
}

/**
 * The snapshot that the service holds, or the one that all hold: with two different ones there is no one snapshot to go back to.
 * @throws DynDataError NOT_FOUND, SERVICE_UNHEALTHY, CONFLICT
 */
export function heldByAll(held: readonly Pick<Held, 'service' | 'state' | 'marker'>[], service: string | undefined): Marker {
  if (service !== undefined) requireDataService(held, service);
  const wanted = held.filter((one) => service === undefined || one.service.name === service);
  requireAllRunning(held);
  const lacking = wanted.filter(({ marker }) => marker === undefined).map((one) => one.service.name);
  const [first] = wanted;
  if (first?.marker === undefined || lacking.length > 0) {
    throw new DynDataError(
      'NOT_FOUND',
      `dyn-data restored nothing into ${lacking.join(', ') || 'this stack'}, so there is nothing to go back to. Nothing was changed. To take a snapshot: dyn-data up REF`,
    );
  }
  const { marker } = first;
  if (service !== undefined) return marker;
  const others = held.filter((one) => !one.marker || !isOf(one.marker, { digest: marker.digest, empty: marker.empty ?? false }));
  if (others.length === 0) return marker;
  throw new DynDataError(
    'CONFLICT',
    'The services hold different snapshots, as below. Bring them to one with `dyn-data up REF`, adding --replace where their changes may go. Nothing was changed.',
    {
      details: held.map(
        (one) => `${one.service.name}: ${one.marker ? `${heldName(one.marker)} ${one.marker.digest}` : 'nothing restored'}`,
      ),
    },
  );
}
