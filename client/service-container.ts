import { DynDataError } from '../core/errors.ts';
import { type ContainerShell, createContainerShell, fitsShell } from './container-shell.ts';
import type { Container, Engine } from './engine.ts';
import { formatDuration } from './format.ts';
import type { ProcessOptions, ProcessResult, Runner } from './process.ts';
import type { ProjectContainers } from './project-containers.ts';

const logLines = 12;

export type ExecOptions = Pick<ProcessOptions, 'input' | 'signal' | 'timeoutMs' | 'despiteInterruption' | 'onLine'>;

/** The running container of one service of the stack. Disposing closes what is open in it. */
export type ServiceContainer = AsyncDisposable & {
  readonly service: string;
  /** How a person names it: `the service db`. */
  readonly place: string;
  /** The container has the clients of a server elsewhere, which is not ours to tune, and they know how to log in there. */
  readonly isRemote: boolean;
  /** As `waitHealthy` saw it last. @throws SERVICE_UNHEALTHY where the service has no container. */
  find(): Promise<Container>;
  /** Runs a command inside, as root; does not judge its exit code. Its output may quote data: never show it. */
  exec(command: readonly string[], options?: ExecOptions): Promise<ProcessResult>;
  /**
   * Waits until the service is healthy, or runs where it has no health check, or has ended well where that is what it is for. To be called
   * again whenever the container may have been made anew.
   */
  waitHealthy(options: { readonly timeoutMs: number; readonly endsByItself?: boolean }): Promise<Container>;
};

export function createServiceContainer(options: {
  readonly processes: Runner;
  readonly engine: Engine;
  readonly containers: ProjectContainers;
  readonly service: string;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}): ServiceContainer {
  const { processes, engine, containers, service, signal, now } = options;
  const ofService = (all: readonly Container[]): Container | undefined => all.find((container) => container.service === service);
  let known: Container | undefined;
  const find = async (): Promise<Container> => {
    known ??= ofService(containers.seen()) ?? ofService((await containers.look()).containers);
    if (known) return known;
    throw new DynDataError('SERVICE_UNHEALTHY', `The service ${service} has no container. Run \`dyn-data up\` again.`);
  };
  const { exec, dispose } = createExec(processes, find, signal);
  return {
    service,
    place: `the service ${service}`,
    isRemote: false,
    find,
    exec,
    async waitHealthy({ timeoutMs, endsByItself = false }) {
      const startedMs = now().getTime();
      for (;;) {
        const look = await containers.look();
        const container = ofService(look.containers);
        const judged = container ? judge(container, endsByItself) : 'wait';
        if (container && judged === 'ready') {
          known = container;
          return container;
        }
        const waitedMs = now().getTime() - startedMs;
        if (judged === 'ended' || waitedMs > timeoutMs) {
          const how =
            judged === 'ended'
              ? `ended with exit code ${container?.exitCode}`
              : `is not healthy after ${formatDuration(waitedMs)} (${describe(container)})`;
          const details = container ? (await engine.logs(container.id, logLines)).map((line) => `${service} | ${line}`) : [];
          throw new DynDataError(
            'SERVICE_UNHEALTHY',
            `The service ${service} ${how}. Its last log lines are below; correct what they say, or give it more time with --timeout, and run \`dyn-data up\` again.`,
            { details },
          );
        }
        await containers.change(look, timeoutMs - waitedMs + 1);
      }
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** Runs commands in whatever container `find` gives then. */
export function createExec(
  processes: Runner,
  find: () => Promise<Container>,
  signal: AbortSignal,
): { readonly exec: ServiceContainer['exec']; dispose(): Promise<void> } {
  /** By the id of the container. */
  const shells = new Map<string, ContainerShell>();
  const shellIn = (id: string): ContainerShell => {
    const shell = shells.get(id) ?? createContainerShell(processes, id);
    shells.set(id, shell);
    return shell;
  };
  return {
    async exec(command, more = {}) {
      const { id } = await find();
      const { input = '', timeoutMs } = more;
      if (more.onLine === undefined && typeof input === 'string' && fitsShell(input)) {
        const signals = [more.signal, more.despiteInterruption ? undefined : signal].filter((one) => one !== undefined);
        return shellIn(id).run(command, { input, timeoutMs, signal: AbortSignal.any(signals) });
      }
      return processes.run('docker', ['exec', ...(more.input === undefined ? [] : ['--interactive']), '--user', '0', id, ...command], more);
    },
    async dispose() {
      await Promise.all([...shells.values()].map((shell) => shell[Symbol.asyncDispose]()));
    },
  };
}

function judge(container: Container, endsByItself: boolean): 'ready' | 'wait' | 'ended' {
  if (container.status === 'exited' || container.status === 'dead') {
    if (container.exitCode === 0 && container.health === undefined) return 'ready';
    return container.restarts ? 'wait' : 'ended';
  }
  if (container.status !== 'running' || endsByItself) return 'wait';
  return container.health === undefined || container.health === 'healthy' ? 'ready' : 'wait';
}

function describe(container: Container | undefined): string {
  if (!container) return 'no container';
  return container.health === undefined ? container.status : `${container.status}, ${container.health}`;
}
