import * as z from 'zod/mini';
import { parseValue } from '../core/documents.ts';
import { DynDataError } from '../core/errors.ts';
import { cycleOf, type DependencyGraph } from '../core/ordering.ts';
import { type Engine, engineFailed } from './engine.ts';
import { lastLines, type ProcessOptions, type Runner } from './process.ts';
import type { Project } from './project.ts';

/** The label by which a service says which source's data it takes. */
const sourceLabel = 'dyn-data.source';

const dependencies = z.record(z.string(), z.object({ condition: z.optional(z.string()), required: z.optional(z.boolean()) }));
const configSchema = z.object({
  name: z.string(),
  services: z.record(
    z.string(),
    z.object({
      image: z.optional(z.string()),
      build: z.optional(z.unknown()),
      ports: z.optional(
        z.array(z.object({ published: z.optional(z.string()), host_ip: z.optional(z.string()), protocol: z.optional(z.string()) })),
      ),
      depends_on: z.optional(dependencies),
      labels: z.optional(z.record(z.string(), z.string())),
    }),
  ),
});

export type StackService = {
  readonly name: string;
  /** Name of its image; compose's own where the file only says how to build it. */
  readonly image: string;
  /** Whether the compose file says how to build the image. */
  readonly isBuilt: boolean;
  /** The TCP ports that it publishes under a fixed number; `host` is the address that they are published on. */
  readonly ports: readonly { readonly host: string; readonly port: number }[];
  readonly labels: Readonly<Record<string, string>>;
  /** Value of the label dyn-data.source. */
  readonly source: string | undefined;
  /** True where another service waits for this one to end (`service_completed_successfully`) instead of becoming healthy. */
  readonly endsByItself: boolean;
};

/** The stack as compose understands it, all files merged and profiles applied. */
export type Stack = { readonly project: string; readonly services: ReadonlyMap<string, StackService>; readonly graph: DependencyGraph };

export type LogsOptions = {
  /** All, if empty. */
  readonly services: readonly string[];
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Only the last ones of each container. */
  readonly tail?: number;
  /** A time, or how long ago (`10m`). */
  readonly since?: string;
};

export type Compose = {
  /** @throws COMPOSE_UNAVAILABLE unless Compose v2 of at least 2.26 answers. */
  requireAvailable(): Promise<{ version: string }>;
  /** @throws STACK_INVALID with what compose says, STACK_CYCLE */
  stack(): Promise<Stack>;
  /** Creates and starts the services, without what they depend on. @throws ENGINE_FAILED */
  start(services: readonly string[]): Promise<void>;
  stop(service: string): Promise<void>;
  /** What the services print, each line as it appears. @throws ENGINE_FAILED */
  logs(options: LogsOptions, onLine: (line: string) => void): Promise<void>;
  down(options: { readonly volumes: boolean }): Promise<void>;
};

const oldestVersion = [2, 26] as const;

export function createCompose(options: {
  readonly processes: Runner;
  readonly project: Project;
  readonly env?: Readonly<Record<string, string>>;
  /** Starts the images that are here and no others, whatever the stack's `pull_policy` says. */
  readonly neverPulls?: boolean;
}): Compose {
  const { stack } = options.project.config;
  const name = options.project.ownName ?? stack.project;
  const common = [...stack.files.flatMap((file) => ['--file', file]), ...(name === undefined ? [] : ['--project-name', name])];
  const pulling = options.neverPulls ? ['--pull', 'never'] : [];
  const compose = (args: readonly string[], more: ProcessOptions = {}) =>
    options.processes.run('docker', ['compose', ...common, ...args], {
      cwd: options.project.folder,
      ...(options.env ? { env: options.env } : {}),
      ...more,
    });
  const orFail = async (what: string, args: readonly string[]): Promise<void> => {
    const result = await compose(args);
    if (result.exitCode !== 0) throw engineFailed(what, lastLines(result));
  };
  return {
    async requireAvailable() {
      const asked = await options.processes.run('docker', ['compose', 'version', '--short'], {});
      const version = asked.stdout.trim().replace(/^v/, '');
      const [major = 0, minor = 0] = asked.exitCode === 0 ? version.split('.').map((part) => Number.parseInt(part, 10)) : [];
      if (major > oldestVersion[0] || (major === oldestVersion[0] && minor >= oldestVersion[1])) return { version };
      const found = asked.exitCode === 0 && version !== '' ? `docker compose is version ${version}` : await firstCompose(options.processes);
      throw new DynDataError(
        'COMPOSE_UNAVAILABLE',
        `dyn-data needs Docker Compose ${oldestVersion.join('.')} or newer, but ${found}. Install the plugin (https://docs.docker.com/compose/install; on Debian and Ubuntu: sudo apt-get install docker-compose-plugin or docker-compose-v2) and try again. Nothing was started.`,
      );
    },
    async stack() {
      const result = await compose(['config', '--format', 'json']);
      if (result.exitCode !== 0) {
        const cycle = /dependency cycle detected: (.+)/.exec(result.stderr)?.[1];
        if (cycle !== undefined) throw cycleOf(cycle.trim().split(' -> '));
        throw new DynDataError('STACK_INVALID', 'docker compose does not accept the stack. Correct what it names below.', {
          details: lastLines({ ...result, stdout: '' }),
        });
      }
      return readStack(JSON.parse(result.stdout));
    },
    start: (services) => orFail(`Starting ${services.join(', ')}`, ['up', '--detach', '--no-deps', ...pulling, ...services]),
    stop: (service) => orFail(`Stopping ${service}`, ['stop', service]),
    async logs({ services, follow, timestamps, tail, since }, onLine) {
      const args = [
        'logs',
        '--no-color',
        ...(follow ? ['--follow'] : []),
        ...(timestamps ? ['--timestamps'] : []),
        ...(tail === undefined ? [] : ['--tail', String(tail)]),
        ...(since === undefined ? [] : ['--since', since]),
        ...services,
      ];
      const result = await compose(args, { onLine, onErrorLine: onLine });
      if (result.exitCode !== 0) throw engineFailed('docker compose logs', lastLines({ ...result, stdout: '' }, 3));
    },
    down: ({ volumes }) => orFail('docker compose down', ['down', '--remove-orphans', ...(volumes ? ['--volumes'] : [])]),
  };
}

/**
 * The stack, when engine and Compose answer: asked at the same time, and of what is wrong the first in this order is told.
 * @throws DynDataError ENGINE_UNAVAILABLE, COMPOSE_UNAVAILABLE, STACK_INVALID, STACK_CYCLE
 */
export async function requireStack(engine: Engine, compose: Compose): Promise<Stack> {
  const [engineAnswers, composeAnswers, stack] = [engine.requireAvailable(), compose.requireAvailable(), compose.stack()];
  await Promise.allSettled([engineAnswers, composeAnswers, stack]);
  await engineAnswers;
  await composeAnswers;
  return stack;
}

/** What is there instead of the plugin: many machines still have the Compose of before it. */
async function firstCompose(processes: Runner): Promise<string> {
  const asked = await processes.run('docker-compose', ['version', '--short'], {});
  const version = asked.stdout.trim().replace(/^v/, '');
  return asked.exitCode === 0 && /^1[.]/.test(version)
    ? `there is only docker-compose ${version}, which is Compose v1 and knows nothing of what dyn-data asks for`
    : 'docker compose does not answer';
}

function readStack(value: unknown): Stack {
  const config = parseValue(configSchema, value, 'The answer of docker compose config', 'STACK_INVALID');
  const all = Object.entries(config.services);
  const awaited = new Set(
    all.flatMap(([, { depends_on = {} }]) =>
      Object.entries(depends_on)
        .filter(([, need]) => need.condition === 'service_completed_successfully')
        .map(([name]) => name),
    ),
  );
  const services = new Map<string, StackService>();
  const graph = new Map<string, string[]>();
  for (const [name, { image = `${config.name}-${name}`, build, ports = [], depends_on = {}, labels = {} }] of all) {
    const isBuilt = build !== undefined && build !== null;
    services.set(name, {
      name,
      image,
      isBuilt,
      ports: fixedPorts(ports),
      labels,
      source: labels[sourceLabel],
      endsByItself: awaited.has(name),
    });
    const needs = Object.entries(depends_on).filter(([need, { required }]) => required !== false || need in config.services);
    graph.set(
      name,
      needs.map(([need]) => need),
    );
  }
  return { project: config.name, services, graph };
}

type Ports = NonNullable<z.infer<typeof configSchema>['services'][string]['ports']>;

function fixedPorts(ports: Ports): StackService['ports'] {
  return ports.flatMap(({ published = '', host_ip: host = '0.0.0.0', protocol = 'tcp' }) => {
    const port = Number(published);
    return protocol === 'tcp' && Number.isInteger(port) && port > 0 ? [{ host, port }] : [];
  });
}

/**
 * Exactly one service takes each source of the snapshot, and no service asks for a source that is not there.
 * @throws DynDataError STACK_INVALID naming both sides.
 */
export function requireMatchingSources(stack: Stack, sources: readonly string[]): void {
  const details: string[] = [];
  for (const source of sources) {
    const names = [...stack.services.values()].filter((service) => service.source === source).map(({ name }) => name);
    if (names.length === 0) details.push(`source ${source}: no service has the label ${sourceLabel}: ${source}`);
    else if (names.length > 1) details.push(`source ${source}: claimed by the services ${names.join(', ')}; only one may`);
  }
  for (const { name, source } of stack.services.values()) {
    if (source !== undefined && !sources.includes(source))
      details.push(`service ${name}: wants the source ${source}, which the snapshot does not have`);
  }
  if (details.length === 0) return;
  const labelled = [...stack.services.values()].flatMap(({ name, source }) => (source === undefined ? [] : [`${name} (${source})`]));
  throw new DynDataError(
    'STACK_INVALID',
    `The snapshot's sources and the stack's services do not match: the snapshot has ${list(sources)}, the stack takes ${list(labelled)}. Correct the labels in the compose file. Nothing was started.`,
    { details },
  );
}

/** The snapshot has the source that this service takes. @throws DynDataError STACK_INVALID */
export function requireSourceOf(stack: Stack, service: string, sources: readonly string[]): void {
  const source = stack.services.get(service)?.source;
  if (source !== undefined && sources.includes(source)) return;
  throw new DynDataError(
    'STACK_INVALID',
    `The service ${service} takes the source ${source ?? 'of no name'}, which the snapshot does not have (it has ${list(sources)}). Name another snapshot, or correct the label ${sourceLabel} in the compose file. Nothing was changed.`,
  );
}

const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));
