import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError } from '../core/errors.ts';
import type { Container, Engine } from './engine.ts';
import { formatDuration } from './format.ts';
import type { ProcessOptions, ProcessResult, Runner } from './process.ts';

const pollMs = 400;
const logLines = 12;

export type ExecOptions = Pick<ProcessOptions, 'input' | 'signal' | 'timeoutMs' | 'despiteInterruption' | 'onLine'>;

/** The running container of one service of the stack. */
export type ServiceContainer = {
  readonly service: string;
  /** @throws SERVICE_UNHEALTHY where the service has no container. */
  find(): Promise<Container>;
  /** Makes the next `exec` look for the container again: it may have been made anew. */
  forget(): void;
  /** Runs a command inside, as root; does not judge its exit code. Its output may quote data: never show it. */
  exec(command: readonly string[], options?: ExecOptions): Promise<ProcessResult>;
  /** Waits until the service is healthy, or runs where it has no health check, or has ended well where that is what it is for. */
  waitHealthy(options: { readonly timeoutMs: number; readonly endsByItself?: boolean }): Promise<Container>;
};

export function createServiceContainer(options: {
  readonly processes: Runner;
  readonly engine: Engine;
  readonly project: string;
  readonly service: string;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}): ServiceContainer {
  const { processes, engine, project, service, signal, now } = options;
  const look = async (): Promise<Container | undefined> =>
    (await engine.containers(project)).find((container) => container.service === service);
  const find = async (): Promise<Container> => {
    const container = await look();
    if (container) return container;
    throw new DynDataError('SERVICE_UNHEALTHY', `The service ${service} has no container. Run \`dyn-data up\` again.`);
  };
  let known: string | undefined;
  return {
    service,
    find,
    forget() {
      known = undefined;
    },
    async exec(command, more = {}) {
      known ??= (await find()).id;
      const id = known;
      return processes.run('docker', ['exec', ...(more.input === undefined ? [] : ['--interactive']), '--user', '0', id, ...command], more);
    },
    async waitHealthy({ timeoutMs, endsByItself = false }) {
      const startedMs = now().getTime();
      for (;;) {
        const container = await look();
        const judged = container ? judge(container, endsByItself) : 'wait';
        if (container && judged === 'ready') return container;
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
        await sleep(pollMs, undefined, { signal });
      }
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
