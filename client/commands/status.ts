import { addressesOf } from '../bring-up.ts';
import { createCompose, requireStack, type StackService } from '../compose.ts';
import type { Context } from '../context.ts';
import { type Container, createEngine } from '../engine.ts';
import { formatTable, shortDigest } from '../format.ts';
import { type Marker, readMarker } from '../marker.ts';
import { openProject } from '../project.ts';
import { createProjectContainers } from '../project-containers.ts';
import { dataDirectories } from '../restore/kinds.ts';
import { createServiceContainer } from '../service-container.ts';
import { placeholders } from './down.ts';

type SnapshotState =
  | { readonly state: Marker['state']; readonly digest: string; readonly reference: string }
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

/** `dyn-data status`: what each service is and which snapshot it holds. Changes nothing. */
export async function status(context: Context): Promise<void> {
  const { processes, signal, now } = context;
  const project = await openProject(context);
  const engine = createEngine(processes);
  const compose = createCompose({ processes, project, env: placeholders(project, context.env) });
  const stack = await requireStack(engine, compose);
  await using containers = createProjectContainers(engine, stack.project);
  await containers.look();

  const look = async (service: StackService): Promise<ServiceStatus> => {
    const container = containers.seen().find((candidate) => candidate.service === service.name);
    return {
      service: service.name,
      state: container?.status ?? 'absent',
      ...(container?.health === undefined ? {} : { health: container.health }),
      addresses: container ? addressesOf(container) : [],
      ...(service.source === undefined ? {} : { source: service.source, snapshot: await snapshotOf(service, container) }),
    };
  };
  const snapshotOf = async (service: StackService, running: Container | undefined): Promise<SnapshotState> => {
    if (running?.status !== 'running') return { state: 'unknown' };
    await using container = createServiceContainer({ processes, engine, containers, service: service.name, signal, now });
    try {
      for (const directory of await dataDirectories(container, service.labels)) {
        const marker = await readMarker(container, directory);
        if (marker) return { state: marker.state, digest: marker.digest, reference: marker.reference };
      }
      return { state: 'none' };
    } catch (error) {
      // A server that is just starting or stopping cannot be asked; that is an answer for `status`, not a failure.
      if (signal.aborted) throw error;
      return { state: 'unknown' };
    }
  };
  const services = await Promise.all([...stack.services.values()].map(look));

  const rows = services.map(({ service, state, health, addresses, snapshot }) => [
    service,
    state,
    health ?? '-',
    snapshot?.state ?? '-',
    snapshot && 'digest' in snapshot ? nameOf(snapshot) : '-',
    addresses.join(' '),
  ]);
  context.output.result(formatTable(['SERVICE', 'STATE', 'HEALTH', 'DATA', 'SNAPSHOT', 'ADDRESS'], rows), {
    version: 1,
    project: stack.project,
    services,
  });
}

function nameOf({ digest, reference }: { readonly digest: string; readonly reference: string }): string {
  return reference === digest ? shortDigest(digest) : `${reference} ${shortDigest(digest)}`;
}
