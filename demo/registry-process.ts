import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { DynDataError } from '../core/index.ts';
import processSettings from '../registry/process-settings.json' with { type: 'json' };
import { projectFolder } from '../scripts/project-paths.ts';

export type RunningRegistry = {
  /** For example http://127.0.0.1:5000. */
  readonly url: string;
  readonly pid: number;
  readonly child: ChildProcess;
};

const startTimeoutMs = 30_000;

/**
 * Starts the registry as an operator does, `npm run registry -- --config FILE`, and waits until it says where it listens. It goes on
 * when this process ends, unless the caller ends it. Its log goes to `logFile`.
 * @throws DynDataError with the registry's own words where it does not start.
 */
export function startRegistry(configFile: string, logFile: string, environment: NodeJS.ProcessEnv = process.env): Promise<RunningRegistry> {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(
    process.execPath,
    [...processSettings.nodeOptions, join(projectFolder, 'registry', 'main.ts'), '--config', configFile],
    {
      cwd: projectFolder,
      detached: true,
      stdio: ['ignore', 'pipe', log],
      env: environment,
    },
  );
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(new DynDataError('REGISTRY_UNREACHABLE', `The registry did not start. Read ${logFile}.`));
    const timer = setTimeout(failed, startTimeoutMs);
    child.once('exit', () => {
      clearTimeout(timer);
      failed();
    });
    let printed = '';
    const { stdout } = child;
    if (!stdout) throw new Error('the registry has no standard output');
    stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const url = /"listening":"([^"]+)"/.exec(printed)?.[1];
      if (url === undefined || child.pid === undefined) return;
      clearTimeout(timer);
      child.removeAllListeners('exit');
      stdout.destroy();
      child.unref();
      resolve({ url, pid: child.pid, child });
    });
  });
}

const stopTimeoutMs = 20_000;

/** Asks a registry to end and waits until it has; nothing happens where it is gone already. */
export async function stopRegistry(pid: number): Promise<void> {
  const isRunning = (signal: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(pid, signal);
    } catch {
      return false;
    }
  };
  const deadline = Date.now() + stopTimeoutMs;
  if (!isRunning('SIGTERM')) return;
  while (isRunning(0)) {
    if (Date.now() > deadline) isRunning('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
