import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError } from '../core/errors.ts';
import { ensureCompose } from './compose-plugin.ts';
import { exists, installPackages, isDebianAsRoot } from './debian.ts';
import { cacheFolder } from './project-paths.ts';
import { runCommand, runOrFail } from './run-command.ts';

const pidFile = join(cacheFolder, 'dockerd.pid');
const logFile = join(cacheFolder, 'dockerd.log');
const readyTimeoutMs = 60_000;

export type EngineOptions = {
  /** Receives one line for each step that takes a while. */
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
};

export type EngineAvailability =
  | { readonly available: true; readonly version: string }
  | { readonly available: false; readonly reason: string };

/** Whether the Docker engine of the current context answers now. Changes nothing. */
export async function engineAvailability(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<EngineAvailability> {
  const asked = await runCommand('docker', ['version', '--format', '{{.Server.Version}}'], { signal: options.signal, timeoutMs: 15_000 });
  const version = asked.stdout.trim();
  if (asked.exitCode === 0 && version !== '') return { available: true, version };
  if (asked.exitCode === 127) return { available: false, reason: 'the command "docker" is not installed' };
  if (asked.exitCode === null) return { available: false, reason: 'the Docker engine did not answer within 15 s' };
  // Docker's own words tell a stopped engine from a socket that this user may not open.
  const lastLine = asked.stderr.trim().split('\n').at(-1) ?? '';
  return { available: false, reason: lastLine === '' ? 'no Docker engine answers at the current context' : `docker says "${lastLine}"` };
}

/**
 * Makes a Docker engine and Compose v2 usable and returns their versions. Uses what answers; else, on Debian as root, installs and
 * starts an engine, in the background, that outlives this process. May be called again at any time.
 * @throws ENGINE_UNAVAILABLE or COMPOSE_UNAVAILABLE, with the commands to type, where this process may not install.
 */
export async function ensureEngine(options: EngineOptions): Promise<{ engineVersion: string; composeVersion: string }> {
  let engine = await engineAvailability(options);
  if (!engine.available) {
    await refuseUnlessInstallable(engine.reason);
    if (!(await exists('/usr/bin/dockerd')) && !(await exists('/usr/sbin/dockerd'))) {
      options.log('Installing a Docker engine (docker.io of this Debian) ...');
      await installEngine(['docker.io', 'iptables'], options.signal);
    }
    // Since Debian 13 the command is a package of its own that docker.io only recommends.
    if ((await runCommand('docker', ['--version'])).exitCode === 127) await installEngine(['docker-cli'], options.signal);
    engine = await startEngine(options);
  }
  return { engineVersion: engine.version, composeVersion: await ensureCompose(options) };
}

/** Ends the engine that {@link ensureEngine} started, and no other. Returns false where there is none. */
export async function stopEngine(options: { readonly timeoutMs?: number } = {}): Promise<boolean> {
  const pid = await ownEnginePid();
  if (pid === undefined) return false;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + (options.timeoutMs ?? 30_000);
  while ((await ownEnginePid()) !== undefined) {
    if (Date.now() > deadline) throw new DynDataError('ENGINE_FAILED', `dockerd (process ${pid}) does not end. Its log: ${logFile}`);
    await sleep(200);
  }
  await rm(pidFile, { force: true });
  return true;
}

async function refuseUnlessInstallable(reason: string): Promise<void> {
  const context = (await runCommand('docker', ['context', 'show'])).stdout.trim();
  const isRemote = process.env.DOCKER_HOST !== undefined || (context !== '' && context !== 'default');
  if (!isRemote && (await isDebianAsRoot())) return;
  const hint = isRemote
    ? 'DOCKER_HOST or the Docker context points at an engine that does not answer. Start that engine, or use the local one: `unset DOCKER_HOST; docker context use default`.'
    : 'Install and start one, then run this again. Debian or Ubuntu: `sudo apt-get install -y docker.io && sudo systemctl start docker && sudo usermod -aG docker $USER` (log in again after it). macOS or Windows: start Docker Desktop.';
  throw new DynDataError('ENGINE_UNAVAILABLE', `No usable Docker engine: ${reason}. ${hint}`);
}

/** @throws ENGINE_UNAVAILABLE with apt's own words: a machine that cannot install an engine is one without an engine. */
async function installEngine(packages: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  try {
    await installPackages(packages, signal);
  } catch (error) {
    if (!(error instanceof DynDataError) || error.code !== 'ENGINE_FAILED') throw error;
    const message = `No usable Docker engine, and apt cannot install one. Make its package archive reachable, or install ${packages.join(' and ')} by hand.`;
    throw new DynDataError('ENGINE_UNAVAILABLE', message, { details: error.details });
  }
}

async function startEngine(options: EngineOptions): Promise<{ available: true; version: string }> {
  options.log('Starting the Docker engine ...');
  await mkdir(cacheFolder, { recursive: true });
  if (await exists('/run/systemd/system')) {
    await runOrFail('Starting the Docker engine', 'systemctl', ['start', 'docker'], { signal: options.signal });
  } else if ((await ownEnginePid()) === undefined && !(await engineAvailability(options)).available) {
    const log = await open(logFile, 'a');
    // Detached, in a session of its own: the engine serves the next command too, and Ctrl-C here must not end it.
    const daemon = spawn('dockerd', [], { detached: true, stdio: ['ignore', log.fd, log.fd], cwd: '/' });
    daemon.on('error', () => undefined);
    daemon.unref();
    await log.close();
    if (daemon.pid !== undefined) await writeFile(pidFile, `${daemon.pid}\n`);
  }
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const engine = await engineAvailability(options);
    if (engine.available) return engine;
    if (Date.now() > deadline) {
      const lastLines = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-5);
      throw new DynDataError(
        'ENGINE_UNAVAILABLE',
        `The Docker engine does not answer ${readyTimeoutMs / 1000} s after its start. Its log: ${logFile}`,
        {
          details: lastLines,
        },
      );
    }
    await sleep(250, undefined, { signal: options.signal });
  }
}

/** The process that we started, if it still is a dockerd: after a restart of the machine the number may belong to anything. */
async function ownEnginePid(): Promise<number | undefined> {
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  if (!Number.isInteger(pid)) return undefined;
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  return name.trim() === 'dockerd' ? pid : undefined;
}
