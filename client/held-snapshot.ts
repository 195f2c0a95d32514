import { DynDataError } from '../core/errors.ts';
import type { Stack, StackService } from './compose.ts';
import type { Context } from './context.ts';
import { type Container, createEngine } from './engine.ts';
import { type Marker, readMarker } from './marker.ts';
import { createProjectContainers } from './project-containers.ts';
import type { Changed } from './restore/changes.ts';
import { changedSince, dataDirectories } from './restore/kinds.ts';
import { createServiceContainer, type ServiceContainer } from './service-container.ts';

/** What a data service holds, as far as it can be asked. */
export type Held = {
  readonly service: StackService;
  readonly container: ServiceContainer;
  /** `restoring` and `restored` as the marker says; `none` where nothing was restored; `not-running` where nobody can be asked. */
  readonly state: Marker['state'] | 'none' | 'not-running';
  readonly marker?: Marker;
};

/** Whether what a service holds was changed since it was restored; `unknown` where nobody can tell. */
export async function heldChanged({ signal }: Context, { container, state, marker }: Held): Promise<Changed> {
  if (state !== 'restored') return 'unknown';
  try {
    return await changedSince(container, marker?.changes);
  } catch (error) {
    // A server that is just stopping cannot be asked.
    if (signal.aborted) throw error;
    return 'unknown';
  }
}

/** Disposing closes what is open in the services. */
export type HeldSnapshots = AsyncDisposable & {
  /** Of each service of the stack that takes data, sorted by name. */
  readonly held: readonly Held[];
  /** All of the project's. */
  readonly containers: readonly Container[];
};

/** What each service of the stack that takes data holds now; all are asked at the same time. Changes nothing. */
export async function readHeldSnapshots(context: Context, stack: Stack): Promise<HeldSnapshots> {
  const { processes, signal, now } = context;
  const engine = createEngine(processes);
  const project = createProjectContainers(engine, stack.project);
  const { containers } = await project.look();
  const services = [...stack.services.values()].filter(({ source }) => source !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  const opened = services.map((service) => ({
    service,
    container: createServiceContainer({ processes, engine, containers: project, service: service.name, signal, now }),
  }));
  const dispose = async (): Promise<void> => {
    await Promise.all([...opened.map(({ container }) => container[Symbol.asyncDispose]()), project[Symbol.asyncDispose]()]);
  };
  try {
    const held = await Promise.all(
      opened.map(async ({ service, container }): Promise<Held> => {
        const isRunning = containers.some((one) => one.service === service.name && one.status === 'running');
        return { service, container, ...(isRunning ? await markerOf(context, service, container) : { state: 'not-running' }) };
      }),
    );
    return { held, containers, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function markerOf({ signal }: Context, service: StackService, container: ServiceContainer): Promise<Pick<Held, 'state' | 'marker'>> {
  try {
    for (const directory of await dataDirectories(container, service.labels)) {
      const marker = await readMarker(container, directory);
      if (marker) return { state: marker.state, marker };
    }
    return { state: 'none' };
  } catch (error) {
    // A server that is just starting or stopping cannot be asked.
    if (signal.aborted) throw error;
    return { state: 'not-running' };
  }
}

/** @throws DynDataError NOT_FOUND where no service of that name takes data */
export function requireDataService<T extends Pick<Held, 'service'>>(held: readonly T[], service: string): T {
  const found = held.find((one) => one.service.name === service);
  if (found) return found;
  const names = held.map((one) => one.service.name).join(', ');
  const next = names === '' ? 'It has none: give the services of its databases the label dyn-data.source.' : `It has: ${names}.`;
  throw new DynDataError('NOT_FOUND', `The stack has no service ${service} that takes data. ${next}`);
}

/** @throws DynDataError SERVICE_UNHEALTHY where one does not run */
export function requireAllRunning(held: readonly Pick<Held, 'service' | 'state'>[]): void {
  const stopped = held.filter(({ state }) => state === 'not-running');
  if (stopped.length === 0) return;
  const list = stopped.map((one) => one.service.name).join(', ');
  throw new DynDataError(
    'SERVICE_UNHEALTHY',
    `${list} does not run, so it cannot say what it holds. Start the stack with \`dyn-data up\`; nothing was changed.`,
  );
}
