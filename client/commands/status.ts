import { addressesOf } from '../bring-up.ts';
import { createCompose, requireStack } from '../compose.ts';
import type { Context } from '../context.ts';
import { type Container, createEngine } from '../engine.ts';
import { fitTable } from '../fitted-table.ts';
import { shortDigest } from '../format.ts';
import { passes } from '../health-check.ts';
import { type Held, heldChanged, readHeldSnapshots } from '../held-snapshot.ts';
import type { Marker } from '../marker.ts';
import { openProject } from '../project.ts';
import type { Changed } from '../restore/changes.ts';
import { createExec } from '../service-container.ts';
import { placeholders } from './down.ts';

type SnapshotState =
  | {
      readonly state: Marker['state'];
      readonly digest: string;
      readonly reference: string;
      readonly empty: boolean;
      readonly changed: Changed;
    }
  /** `none`: nothing was restored into it. `unknown`: it does not run, so it cannot be asked. */
  | { readonly state: 'none' | 'unknown' };

type ServiceStatus = {
  readonly service: string;
  /** Docker's word, or `absent`. */
  readonly state: string;
  readonly health?: string;
  readonly addresses: readonly string[];
  /** Only where the service takes data. */
  readonly source?: string;
  readonly snapshot?: SnapshotState;
};

const columns = [
  { header: 'SERVICE' },
  { header: 'STATE' },
  { header: 'HEALTH', dispensable: 3 },
  { header: 'DATA' },
  { header: 'CHANGED' },
  { header: 'SNAPSHOT', dispensable: 1 },
  { header: 'ADDRESS', dispensable: 2 },
];

/** `dyn-data status`: what each service is and which snapshot it holds. Changes nothing. */
export async function status(context: Context): Promise<void> {
  const { processes } = context;
  const project = await openProject(context);
  const engine = createEngine(processes);
  const compose = createCompose({ processes, project, env: placeholders(project, context.env) });
  const stack = await requireStack(engine, compose);
  await using found = await readHeldSnapshots(context, stack);
  const changed = new Map(await Promise.all(found.held.map(async (held) => [held, await heldChanged(context, held)] as const)));
  const health = await healthOf(context, found.containers);
  const services = [...stack.services.values()].map((service): ServiceStatus => {
    const container = found.containers.find((candidate) => candidate.service === service.name);
    const held = found.held.find((one) => one.service === service);
    return {
      service: service.name,
      state: container?.status ?? 'absent',
      ...(container?.health === undefined ? {} : { health: health.get(container) ?? container.health }),
      addresses: container ? addressesOf(container) : [],
      ...(service.source === undefined ? {} : { source: service.source, snapshot: snapshotOf(held, held && changed.get(held)) }),
    };
  });

  const rows = services.map(({ service, state, health, addresses, snapshot }) => [
    service,
    state,
    health ?? '-',
    snapshot?.state ?? '-',
    snapshot && 'digest' in snapshot ? snapshot.changed : '-',
    snapshot && 'digest' in snapshot ? nameOf(snapshot) : '-',
    addresses.join(' '),
  ]);
  context.output.result(fitTable(columns, rows, context.output.columns), {
    version: 1,
    project: stack.project,
    services,
  });
}

/** Of those that Docker has not asked yet, what their check says now. */
async function healthOf({ processes, signal }: Context, containers: readonly Container[]): Promise<Map<Container, string>> {
  const { execIn, dispose } = createExec(processes, signal);
  const starting = containers.filter(({ status, health }) => status === 'running' && health === 'starting');
  try {
    return new Map(await Promise.all(starting.map(async (one) => [one, (await passes(one, execIn)) ? 'healthy' : 'starting'] as const)));
  } finally {
    await dispose();
  }
}

function snapshotOf(held: Held | undefined, changed: Changed = 'unknown'): SnapshotState {
  if (!held?.marker) return { state: held?.state === 'none' ? 'none' : 'unknown' };
  const { state, digest, reference, empty = false } = held.marker;
  return { state, digest, reference, empty, changed };
}

function nameOf({ digest, reference, empty }: { readonly digest: string; readonly reference: string; readonly empty: boolean }): string {
  const name = reference === digest ? shortDigest(digest) : `${reference} ${shortDigest(digest)}`;
  return empty ? `${name}, empty` : name;
}
