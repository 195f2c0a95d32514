import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError } from '../core/errors.ts';
import { exists, unpackSidPackage } from './debian.ts';
import { cacheFolder } from './project-paths.ts';
import { runCommand, runOrFail } from './run-command.ts';

/** The Docker engine of Debian sid, from its packages without installing them; runc is the machine's. */
const packages = ['docker.io', 'docker-cli', 'containerd'] as const;
const unpacked = join(cacheFolder, 'newer-engine');
/** Of its own: told to have none, an engine takes the other's default bridge away, and no container starts there any more. */
const bridge = 'dyn-data-newer';
const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

export type NewerEngine = AsyncDisposable & {
  readonly version: string;
  /** The client of the same version. */
  readonly client: string;
  /** For its environment: which engine it talks to, and where it keeps its logins. */
  readonly env: { readonly DOCKER_HOST: string; readonly DOCKER_CONFIG: string };
};

export type NewerEngineOptions = {
  readonly log: (line: string) => void;
  /** Images in containerd's store instead of the engine's own: another program that pulls and pushes. */
  readonly containerdStore?: boolean;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Starts an engine beside the one that this machine has, with a socket, folders and a containerd of its own. Its bridge has
 * no way out, as one set of firewall rules belongs to one engine; pulling and pushing needs none. As root on Debian.
 * @throws ENGINE_FAILED with its last words
 */
export async function startNewerEngine({ log, containerdStore = false, signal }: NewerEngineOptions): Promise<NewerEngine> {
  const complete = join(unpacked, 'complete');
  if (!(await exists(complete))) {
    for (const name of packages) {
      log(`Fetching ${name} of Debian sid ...`);
      await unpackSidPackage(name, unpacked, signal);
    }
    await writeFile(complete, '');
  }
  const folder = await mkdtemp(join(tmpdir(), 'dyn-data-engine-'));
  const host = `unix://${join(folder, 'docker.sock')}`;
  const logFile = join(folder, 'log');
  const programs = join(unpacked, 'usr', 'bin');
  const settings = {
    host,
    'data-root': join(folder, 'data'),
    'exec-root': join(folder, 'exec'),
    pidfile: join(folder, 'pid'),
    'config-file': join(folder, 'daemon.json'),
    bridge,
    iptables: 'false',
    ip6tables: 'false',
    'ip-forward': 'false',
  };
  await writeFile(settings['config-file'], JSON.stringify({ features: { 'containerd-snapshotter': containerdStore } }));
  await mkdir(join(folder, 'config'));
  await makeBridge(signal);
  const output = await open(logFile, 'a');
  const options = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  // It starts the containerd that it finds on its path, in a folder below exec-root.
  const daemon = spawn(join(unpacked, 'usr', 'sbin', 'dockerd'), options, {
    env: { ...process.env, PATH: `${programs}:${process.env.PATH}` },
    stdio: ['ignore', output.fd, output.fd],
    cwd: '/',
  });
  await output.close();
  const failed = new Promise<never>((_resolve, reject) => daemon.once('error', reject));
  failed.catch(() => undefined);
  const client = join(programs, 'docker');
  const env = { DOCKER_HOST: host, DOCKER_CONFIG: join(folder, 'config') };
  const stop = async (): Promise<void> => {
    await end(daemon);
    await runCommand('ip', ['link', 'delete', bridge]);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const version = await Promise.race([failed, untilAnswering(client, env, daemon, logFile, signal)]);
    return { version, client, env, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** May be there from before. */
async function makeBridge(signal: AbortSignal | undefined): Promise<void> {
  if (await exists(`/sys/class/net/${bridge}`)) return;
  await runOrFail('Making a bridge', 'ip', ['link', 'add', bridge, 'type', 'bridge'], { signal });
  await runOrFail('Giving the bridge an address', 'ip', ['addr', 'add', '172.31.255.1/24', 'dev', bridge], { signal });
  await runOrFail('Starting the bridge', 'ip', ['link', 'set', bridge, 'up'], { signal });
}

async function untilAnswering(
  client: string,
  env: NewerEngine['env'],
  daemon: ChildProcess,
  logFile: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const asked = await runCommand(client, ['version', '--format', '{{.Server.Version}}'], { env, signal });
    if (asked.exitCode === 0) return asked.stdout.trim();
    if (daemon.exitCode !== null || Date.now() > deadline) {
      const details = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-8);
      throw new DynDataError('ENGINE_FAILED', 'The Docker engine of Debian sid does not start beside this machine’s.', { details });
    }
    await sleep(250, undefined, { signal });
  }
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null || daemon.pid === undefined) return;
  const ended = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  const timer = setTimeout(() => daemon.kill('SIGKILL'), stopTimeoutMs);
  await ended;
  clearTimeout(timer);
}
