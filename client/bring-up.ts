import type { HookMoment } from '../core/client-config.ts';
import type { Digest } from '../core/digest.ts';
import { emptyManifest } from '../core/empty-manifest.ts';
import { dependencyLevels, needsOf } from '../core/ordering.ts';
import { causeOfFailure } from './cause-of-failure.ts';
import { type Compose, requireMatchingSources, requireSourceOf, type Stack, type StackService } from './compose.ts';
import type { Context } from './context.ts';
import { type Container, createEngine, type Engine, engineFailed, helperLabel } from './engine.ts';
import { formatCount, formatDuration, shortDigest } from './format.ts';
import { type Hook, type HookPlace, requireSpokenHooks, runHooks } from './hooks.ts';
import type { ImageReader } from './image-reader.ts';
import { lastLines, type Runner } from './process.ts';
import { createProjectContainers, type ProjectContainers } from './project-containers.ts';
import type { DataService } from './restore/data-service.ts';
import { createDataService } from './restore/kinds.ts';
import { type Restored, restoreService } from './restore/restore-service.ts';
import { createRestoreProgress } from './restore-progress.ts';
import { createServiceContainer, type ServiceContainer } from './service-container.ts';
import { createStarter } from './starter.ts';
import { createSteps, type Step, type Steps } from './steps.ts';

export type BringUpOptions = {
  readonly context: Context;
  readonly stack: Stack;
  /** Made with the runner it is given, so that the first failure ends what the others do. */
  readonly createCompose: (processes: Runner) => Compose;
  readonly openReader: (processes: Runner) => Promise<ImageReader>;
  readonly digest: Digest;
  /** Restores structure, reference rows and base entries alone. */
  readonly empty: boolean;
  readonly reference: string;
  readonly replace: boolean;
  /** Restores this service alone; what the others hold stays. */
  readonly only?: string;
  readonly healthTimeoutMs: number;
  readonly owner: string;
  readonly hooks: readonly Hook[];
};

/** What became of one service. Times are from its own start. */
export type ServiceReport = {
  readonly service: string;
  readonly source?: string;
  readonly state: 'healthy' | 'running' | 'ended';
  /** Until healthy, for a data service before its restore. */
  readonly healthyMs: number;
  readonly restored?: Restored & { readonly durationMs: number };
  /** What its time went to, from the moment the stack was begun with. */
  readonly steps: readonly Step[];
  /** `host:port` on this machine for each published port. */
  readonly addresses: readonly string[];
};

/**
 * Starts the stack in the order of its graph, each service as soon as what it needs is ready, where a data service is ready only after
 * it was restored and verified. The first failure stops everything else.
 * @throws DynDataError STACK_INVALID, STACK_CYCLE, SERVICE_UNHEALTHY and whatever a restore throws
 */
export async function bringUp(options: BringUpOptions): Promise<ServiceReport[]> {
  const { context, stack } = options;
  const order = dependencyLevels(stack.graph).flat();
  const startedMs = context.now().getTime();
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const processes = context.processes.until(stop.signal);
  const compose = options.createCompose(processes);
  await using opened = await options.openReader(processes);
  const reader = options.empty ? { ...opened, manifest: emptyManifest(opened.manifest) } : opened;
  const sources = reader.manifest.sources.map(({ name }) => name);
  if (options.only === undefined) requireMatchingSources(stack, sources);
  else requireSourceOf(stack, options.only, sources);
  requireSpokenHooks(options.hooks, stack, reader.manifest);
  context.output.note(
    `Bringing up ${stack.project} with ${options.reference} (${shortDigest(options.digest)})${options.empty ? ', empty' : ''}`,
  );
  const engine = createEngine(processes);
  await using containers = createProjectContainers(engine, stack.project);
  const entered = new Map<string, HookPlace>();
  const shared: Shared = { ...options, processes, compose, reader, engine, containers, signal, start: createStarter(compose), entered };

  let failed: { readonly service: string; readonly error: unknown } | undefined;
  const running = new Map<string, Promise<ServiceReport>>();
  for (const name of order) {
    const service = stack.services.get(name);
    if (!service) continue;
    const ready = async (): Promise<ServiceReport> => {
      const steps = createSteps(context.now);
      steps.begin('wait');
      await Promise.all((stack.graph.get(name) ?? []).map((need) => running.get(need)));
      try {
        return await bringUpService(shared, service, steps);
      } catch (error) {
        failed ??= { service: name, error };
        stop.abort();
        throw error;
      }
    };
    running.set(name, ready());
  }
  await Promise.allSettled(running.values());
  try {
    if (failed) throw await failureOf(options, containers, failed, startedMs);
    for (const hook of options.hooks) {
      const place = entered.get(hook.service);
      if (hook.moment === 'after-up' && place) await runHooks(context, processes, [hook], place);
    }
    return await Promise.all(running.values());
  } finally {
    await Promise.all([...entered.values()].map(({ container }) => container[Symbol.asyncDispose]()));
  }
}

async function failureOf(
  { context }: BringUpOptions,
  containers: ProjectContainers,
  { service, error }: { readonly service: string; readonly error: unknown },
  startedMs: number,
): Promise<unknown> {
  // What the other services did is stopped by now, and may not stop the asking.
  const engine = createEngine(context.processes);
  const container = containers.seen().find((one) => one.service === service);
  return causeOfFailure(error, { engine, service, container, sinceMs: context.now().getTime() - startedMs });
}

type Shared = BringUpOptions & {
  readonly processes: Runner;
  readonly compose: Compose;
  readonly reader: ImageReader;
  readonly engine: Engine;
  readonly containers: ProjectContainers;
  readonly signal: AbortSignal;
  readonly start: (service: string) => Promise<void>;
  /** By their names; their containers are to be disposed of at the end. */
  readonly entered: Map<string, HookPlace>;
};

async function bringUpService(shared: Shared, service: StackService, steps: Steps): Promise<ServiceReport> {
  const { context, processes, engine, containers, signal, healthTimeoutMs } = shared;
  const { output, now } = context;
  const startedMs = now().getTime();
  const container = createServiceContainer({ processes, engine, containers, service: service.name, signal, now });
  shared.entered.set(service.name, { container });
  output.live(service.name, `${service.name}: starting`);
  steps.begin('start');
  await shared.start(service.name);
  steps.begin('health');
  const healthy = await container.waitHealthy({ timeoutMs: healthTimeoutMs, endsByItself: service.endsByItself });
  const healthyMs = now().getTime() - startedMs;
  output.live(service.name, undefined);
  output.note(`${service.name}: ${stateOf(healthy)} after ${formatDuration(healthyMs)}`);
  const restored = service.source === undefined ? undefined : await restore(shared, service, container, steps);
  return {
    service: service.name,
    ...(service.source === undefined ? {} : { source: service.source }),
    state: stateOf(healthy),
    healthyMs,
    ...(restored ? { restored } : {}),
    steps: steps.end(),
    addresses: addressesOf(await container.find()),
  };
}

async function restore(
  shared: Shared,
  service: StackService,
  container: ServiceContainer,
  steps: Steps,
): Promise<ServiceReport['restored']> {
  const { context, reader, digest, empty, reference, healthTimeoutMs } = shared;
  const { output, now } = context;
  const source = reader.manifest.sources.find(({ name }) => name === service.source);
  if (!source) return undefined;
  const startedMs = now().getTime();
  const progress = createRestoreProgress({ output, now, service: service.name, source });
  steps.begin('look');
  const data: DataService = createDataService({
    container,
    source,
    labels: service.labels,
    beginStep: steps.begin,
    restart: {
      stop: () => shared.compose.stop(service.name),
      async start() {
        await shared.start(service.name);
        await container.waitHealthy({ timeoutMs: healthTimeoutMs });
      },
    },
    oneOff: (script, args, input) => runOneOff(shared, container, script, args, input),
  });
  const place = { container, data };
  shared.entered.set(service.name, place);
  if (shared.only !== undefined && shared.only !== service.name) return undefined;
  const run = (moment: HookMoment): Promise<void> => {
    const own = shared.hooks.filter((hook) => hook.moment === moment && hook.service === service.name);
    return runHooks(context, shared.processes, own, place);
  };
  try {
    const restored = await restoreService({
      container,
      data,
      source,
      reader,
      digest,
      empty,
      reference,
      replace: shared.replace,
      readyTimeoutMs: healthTimeoutMs,
      beginStep: steps.begin,
      async onBegin(why) {
        progress.begin(why);
        await stopDependants(shared, service.name);
        await run('before-restore');
      },
      onVerified: () => run('after-restore'),
      onLoaded: progress.add,
      onResume: progress.resume,
    });
    const durationMs = now().getTime() - startedMs;
    progress.end();
    const what =
      restored.outcome === 'already'
        ? `holds this snapshot already${empty ? ', empty' : ''}: nothing to restore`
        : `restored and verified ${formatCount(restored.rows)} rows in ${formatDuration(durationMs)}`;
    output.note(`${service.name}: ${what}`);
    return { ...restored, durationMs };
  } finally {
    progress.end();
  }
}

/** What still runs on the data of an earlier restore must not meet the new one half loaded. It is started again in its turn. */
async function stopDependants({ stack, compose, containers }: Shared, service: string): Promise<void> {
  // As they were when the service was found healthy: this run starts none of its dependants before it is restored.
  const running = containers.seen().filter(({ status }) => status !== 'exited' && status !== 'created');
  for (const container of running) if (needsOf(stack.graph, container.service).has(service)) await compose.stop(container.service);
}

/** Exit code of `docker run` itself. */
const notRun = 125;

/** In a container of its own on the volumes of the service's stopped one, anonymous volumes too, and without a network. */
async function runOneOff(
  shared: Shared,
  container: ServiceContainer,
  script: string,
  args: readonly string[],
  input: AsyncIterable<Uint8Array>,
) {
  const { id, imageId } = await container.find();
  const options = [
    '--rm',
    '--interactive',
    '--sig-proxy=false',
    '--network',
    'none',
    '--user',
    '0',
    '--label',
    `${helperLabel}=${shared.owner}`,
    '--volumes-from',
    id,
  ];
  const run = ['run', ...options, '--entrypoint', 'sh', imageId, '-c', script, 'sh', ...args];
  const result = await shared.processes.run('docker', run, { input });
  if (result.exitCode === notRun) throw engineFailed('docker run', lastLines({ ...result, stdout: '' }, 3));
  return result;
}

function stateOf(container: Container): ServiceReport['state'] {
  if (container.status === 'exited') return 'ended';
  return container.health === undefined ? 'running' : 'healthy';
}

/** How to reach a container's published ports from this machine, as a URL where the port says HTTP. */
export function addressesOf(container: Container): string[] {
  const addresses = container.ports.map(({ container: inside, host, hostPort }) => {
    const address = `${host === '' || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${hostPort}`;
    return /^(?:80|8080)\//.test(inside) ? `http://${address}/` : address;
  });
  return [...new Set(addresses)].sort();
}
