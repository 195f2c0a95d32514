import type { Stack, StackService } from './compose.ts';
import type { Context } from './context.ts';
import { createEngine } from './engine.ts';
import { type Marker, readMarker } from './marker.ts';
import { dataDirectories } from './restore/kinds.ts';
import { createServiceContainer, type ServiceContainer } from './service-container.ts';

/** What a data service holds, as far as it can be asked. */
export type Held = {
  readonly service: StackService;
  readonly container: ServiceContainer;
  /** `restoring` and `restored` as the marker says; `none` where nothing was restored; `not-running` where nobody can be asked. */
  readonly state: Marker['state'] | 'none' | 'not-running';
  readonly marker?: Marker;
};

/** What each service of the stack that takes data holds now, services sorted. Changes nothing. */
export async function readHeldSnapshots(context: Context, stack: Stack): Promise<Held[]> {
  const { processes, signal, now } = context;
  const engine = createEngine(processes);
  const containers = await engine.containers(stack.project);
  const held: Held[] = [];
  for (const service of [...stack.services.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (service.source === undefined) continue;
    const container = createServiceContainer({ processes, engine, project: stack.project, service: service.name, signal, now });
    const isRunning = containers.some((one) => one.service === service.name && one.status === 'running');
    held.push({ service, container, ...(isRunning ? await markerOf(context, service, container) : { state: 'not-running' as const }) });
  }
  return held;
}

async function markerOf(
  { signal }: Context,
  service: StackService,
  container: ServiceContainer,
): Promise<{ state: Held['state']; marker?: Marker }> {
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
