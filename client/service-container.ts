import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError } from '../core/errors.ts';
import { type ContainerShell, createContainerShell, fitsShell } from './container-shell.ts';
import type { Container, Engine } from './engine.ts';
import { formatDuration } from './format.ts';
import { passes } from './health-check.ts';
import type { ProcessOptions, ProcessResult, Runner } from './process.ts';
import type { ProjectContainers } from './project-containers.ts';

const logLines = 12;

/** What Docker's own check of the health, which may come in minutes only, is not waited for. */
const checkPauseMs = 300;
const root = '0';

export type ExecOptions = Pick<ProcessOptions, 'input' | 'signal' | 'timeoutMs' | 'despiteInterruption' | 'onLine'> & {
  /** Whose process it is; root's by default. */
  readonly user?: string;
};

/** The running container of one service of the stack. Disposing closes what is open in it. */
export type ServiceContainer = AsyncDisposable & {
  readonly service: string;
  /** How a person names it: `the service db`. */
  readonly place: string;
  /** The container has the clients of a server elsewhere, which is not ours to tune, and they know how to log in there. */
  readonly isRemote: boolean;
  /** As `waitHealthy` saw it last. @throws SERVICE_UNHEALTHY where the service has no container. */
  find(): Promise<Container>;
  /** Runs a command inside; does not judge its exit code. Its output may quote data: never show it. */
  exec(command: readonly string[], options?: ExecOptions): Promise<ProcessResult>;
  /**
   * Waits until the service is healthy, as Docker finds or as its check says that is asked here meanwhile; or runs, where it has no health check;
   * or has ended well, where that is what it is for. To be called again whenever the container may have been made anew.
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
  const { execIn, dispose } = createExec(processes, signal);
  return {
    service,
    place: `the service ${service}`,
    isRemote: false,
    find,
    exec: async (command, options) => execIn((await find()).id, command, options),
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
        const changed = containers.change(look, timeoutMs - waitedMs + 1);
        if (container && !endsByItself && (await becomesHealthy(container, execIn, changed))) {
          known = { ...container, health: 'healthy' };
          return known;
        }
        await changed;
      }
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** Asks the container's own check again and again; false as soon as something may be otherwise than it was seen. */
async function becomesHealthy(container: Container, execIn: ExecIn, changed: Promise<void>): Promise<boolean> {
  if (!container.check || container.status !== 'running') return false;
  let isStill = true;
  const change = changed.then(() => {
    isStill = false;
  });
  while (isStill) {
    const startedMs = performance.now();
    if (await passes(container, execIn)) return true;
    // One that takes long is not to fill the machine.
    const pauseMs = Math.max(checkPauseMs, 2 * (performance.now() - startedMs));
    await Promise.race([change, sleep(pauseMs, undefined, { ref: false })]);
  }
  return false;
}

/** Runs a command in the container of an id. */
export type ExecIn = (id: string, command: readonly string[], options?: ExecOptions) => Promise<ProcessResult>;

/** Disposing closes the shells that commands ran in. */
export function createExec(processes: Runner, signal: AbortSignal): { readonly execIn: ExecIn; dispose(): Promise<void> } {
  /** By the id of the container and the user. */
  const shells = new Map<string, ContainerShell>();
  const shellIn = (id: string, user: string): ContainerShell => {
    const key = `${id} ${user}`;
    const shell = shells.get(key) ?? createContainerShell(processes, id, user);
    shells.set(key, shell);
    return shell;
  };
  const execIn: ExecIn = async (id, command, more = {}) => {
    const { input = '', timeoutMs, user = root } = more;
    if (more.onLine === undefined && typeof input === 'string' && fitsShell(input)) {
      const signals = [more.signal, more.despiteInterruption ? undefined : signal].filter((one) => one !== undefined);
      return shellIn(id, user).run(command, { input, timeoutMs, signal: AbortSignal.any(signals) });
    }
    return processes.run('docker', ['exec', ...(more.input === undefined ? [] : ['--interactive']), '--user', user, id, ...command], more);
  };
  return {
    execIn,
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
