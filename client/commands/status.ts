import { addressesOf } from '../bring-up.ts';
import { createCompose, type StackService } from '../compose.ts';
import type { Context } from '../context.ts';
import { type Container, createEngine } from '../engine.ts';
import { formatTable, shortDigest } from '../format.ts';
import { type Marker, readMarker } from '../marker.ts';
import { openProject } from '../project.ts';
import { dataDirectories } from '../restore/kinds.ts';
import { createServiceContainer } from '../service-container.ts';
import { placeholders } from './down.ts';

type ServiceStatus = {
  readonly service: string;
  /** Docker's word, or `absent`. */
  readonly state: string;
  readonly health: string | null;
  readonly addresses: readonly string[];
  /** Null for services that take no data; `unknown` while the service does not run. */
  readonly data: 'restored' | 'restoring' | 'none' | 'unknown' | null;
  readonly digest: string | null;
  readonly reference: string | null;
};

/** `dyn-data status`: what each service is and which snapshot it holds. Changes nothing. */
export async function status(context: Context): Promise<void> {
  const { processes, signal, now } = context;
  const project = await openProject(context);
  const engine = createEngine(processes);
  const compose = createCompose({ processes, project, env: placeholders(project, context.env) });
  await engine.requireAvailable();
  await compose.requireAvailable();
  const stack = await compose.stack();
  const containers = await engine.containers(stack.project);

  const look = async (service: StackService): Promise<ServiceStatus> => {
    const container = containers.find((candidate) => candidate.service === service.name);
    const seen = {
      service: service.name,
      state: container?.status ?? 'absent',
      health: container?.health ?? null,
      addresses: container ? addressesOf(container) : [],
    };
    if (service.source === undefined) return { ...seen, data: null, digest: null, reference: null };
    if (container?.status !== 'running') return { ...seen, data: 'unknown', digest: null, reference: null };
    const marker = await findMarker(service, container);
    if (marker === 'unreadable') return { ...seen, data: 'unknown', digest: null, reference: null };
    return { ...seen, data: marker?.state ?? 'none', digest: marker?.digest ?? null, reference: marker?.reference ?? null };
  };
  const findMarker = async (service: StackService, { id }: Container): Promise<Marker | undefined | 'unreadable'> => {
    const container = createServiceContainer({ processes, engine, project: stack.project, service: service.name, signal, now });
    try {
      for (const directory of await dataDirectories(container, service.labels)) {
        const marker = await readMarker(container, directory);
        if (marker) return marker;
      }
      return undefined;
    } catch (error) {
      // A server that is just starting or stopping cannot be asked; that is an answer for `status`, not a failure.
      if (signal.aborted || id === '') throw error;
      return 'unreadable';
    }
  };
  const services: ServiceStatus[] = [];
  for (const service of stack.services.values()) services.push(await look(service));

  const rows = services.map(({ service, state, health, addresses, data, digest, reference }) => [
    service,
    state,
    health ?? '-',
    data ?? '-',
    digest === null ? '-' : `${reference === digest ? '' : `${reference} `}${shortDigest(digest)}`,
    addresses.join(' '),
  ]);
  context.output.result(formatTable(['SERVICE', 'STATE', 'HEALTH', 'DATA', 'SNAPSHOT', 'ADDRESS'], rows), {
    version: 1,
    project: stack.project,
    services,
  });
}
