import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
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
/** Of what Compose makes for its projects: out of the ranges that engines take by themselves. */
const networks = '10.231.0.0/16';
const betweenContainers = ['FORWARD', '-s', networks, '-d', networks, '-j', 'ACCEPT'];
const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

export type NewerEngine = AsyncDisposable & {
  readonly version: string;
  /** The client of the same version. */
  readonly client: string;
  /** For an environment: which engine is talked to, by the client of its version, and where that keeps its logins and finds Compose. */
  readonly env: { readonly DOCKER_HOST: string; readonly DOCKER_CONFIG: string; readonly PATH: string };
  /** Ends it in order, and with it its containers, as before a restart. */
  stop(): Promise<void>;
  /** Kills it, its containerd and all that runs in its containers, as when the machine loses its power. */
  kill(): Promise<void>;
  /** Kills the engine alone; with `liveRestore` its containers go on. */
  killAlone(): Promise<void>;
  /** Starts it again over what it had, after any of them. @throws ENGINE_FAILED with its last words */
  start(): Promise<void>;
};

export type NewerEngineOptions = {
  readonly log: (line: string) => void;
  /** Images in containerd's store instead of the engine's own: another program that pulls and pushes. */
  readonly containerdStore?: boolean;
  /** Its containers outlive it, and it takes them over when it is started again. */
  readonly liveRestore?: boolean;
  /** Where it keeps images, containers and volumes; a folder of its own, which goes with it, where left out. */
  readonly dataRoot?: string;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Starts an engine beside the one that this machine has, with a socket, folders and a containerd of its own. Its networks have no way
 * out, as one set of firewall rules belongs to one engine; pulling and pushing needs none. As root on Debian.
 * @throws ENGINE_FAILED with its last words
 */
export async function startNewerEngine(options: NewerEngineOptions): Promise<NewerEngine> {
  const { log, containerdStore = false, liveRestore = false, signal } = options;
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
  const [programs, systemPrograms] = ['bin', 'sbin'].map((name) => join(unpacked, 'usr', name)) as [string, string];
  const settings = {
    host,
    'data-root': options.dataRoot ?? join(folder, 'data'),
    'exec-root': join(folder, 'exec'),
    pidfile: join(folder, 'pid'),
    'config-file': join(folder, 'daemon.json'),
    'userland-proxy-path': join(systemPrograms, 'docker-proxy'),
    'default-address-pool': `base=${networks},size=24`,
    bridge,
    iptables: 'false',
    ip6tables: 'false',
    'ip-forward': 'false',
  };
  await writeFile(
    settings['config-file'],
    JSON.stringify({ features: { 'containerd-snapshotter': containerdStore }, 'live-restore': liveRestore }),
  );
  const configuration = join(folder, 'config');
  await mkdir(configuration);
  await symlink(join(homedir(), '.docker', 'cli-plugins'), join(configuration, 'cli-plugins'));
  await makeBridge(signal);
  const client = join(programs, 'docker');
  // It starts the containerd that it finds on its path, in a folder below exec-root.
  const env = { DOCKER_HOST: host, DOCKER_CONFIG: configuration, PATH: `${programs}:${process.env.PATH}` };
  const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  let daemon: ChildProcess | undefined;

  const start = async (): Promise<string> => {
    const output = await open(logFile, 'a');
    const started = spawn(join(systemPrograms, 'dockerd'), args, {
      env: { ...process.env, PATH: env.PATH },
      stdio: ['ignore', output.fd, output.fd],
      cwd: '/',
    });
    daemon = started;
    const failed = new Promise<never>((_resolve, reject) => started.once('error', reject));
    failed.catch(() => undefined);
    await output.close();
    return Promise.race([failed, untilAnswering(client, env, started, logFile, signal)]);
  };
  const dispose = async (): Promise<void> => {
    if (daemon) await end(daemon);
    // An engine that was killed, or could not end in order, leaves what its containers had mounted.
    await killProcesses(folder);
    await unmountBelow(folder, settings['data-root']);
    await runCommand('ip', ['link', 'delete', bridge]);
    for (const name of await bridgesIn(networks)) await runCommand('ip', ['link', 'delete', name]);
    await runCommand('iptables', ['-D', ...betweenContainers]);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const version = await start();
    return {
      version,
      client,
      env,
      async stop() {
        if (daemon) await end(daemon);
      },
      kill: () => killProcesses(folder),
      async killAlone() {
        if (daemon) await end(daemon, 'SIGKILL');
      },
      start: async () => void (await start()),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Ends at once all that the engine of this folder runs, which names the folder in its arguments, and all of their descendants. */
async function killProcesses(folder: string): Promise<void> {
  for (;;) {
    const ids = await processesOf(folder);
    if (ids.length === 0) return;
    for (const id of ids) {
      try {
        process.kill(id, 'SIGKILL');
      } catch {
        // Ended meanwhile.
      }
    }
    await sleep(50);
  }
}

async function processesOf(folder: string): Promise<number[]> {
  const found = new Set<number>();
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const id = Number(name);
    if (!Number.isInteger(id) || id === process.pid) continue;
    const [args, stat] = await Promise.all(['cmdline', 'stat'].map((file) => readFile(`/proc/${id}/${file}`, 'utf8').catch(() => '')));
    // The name in brackets may have any characters.
    const [state, parent] = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ');
    if (state === undefined || state === '' || state === 'Z') continue;
    parents.set(id, Number(parent));
    if (args?.includes(`${folder}/`)) found.add(id);
  }
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [id, parent] of parents) if (found.has(parent)) found.add(id);
  }
  return [...found];
}

/** The latest first, so that nothing is mounted on what goes. */
async function unmountBelow(...folders: readonly string[]): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  const own = mounts.filter((mount) => folders.some((folder) => mount.startsWith(`${folder}/`)));
  for (const mount of own.reverse()) await runCommand('umount', ['--lazy', mount]);
}

/** The bridges of networks that nobody removed before the engine ended. */
async function bridgesIn(range: string): Promise<string[]> {
  const { stdout } = await runCommand('ip', ['-oneline', 'address', 'show', 'to', range]);
  return stdout.split('\n').flatMap((line) => /^\d+: (br-\S+)/.exec(line)?.[1] ?? []);
}

/** May be there from before. */
async function makeBridge(signal: AbortSignal | undefined): Promise<void> {
  // The rules of the machine's own engine drop what they do not know, also between containers of one network.
  await runCommand('iptables', ['-D', ...betweenContainers], { signal });
  await runCommand('iptables', ['-I', ...betweenContainers], { signal });
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

async function end(daemon: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null || daemon.pid === undefined) return;
  const ended = once(daemon, 'exit');
  daemon.kill(signal);
  const timer = setTimeout(() => daemon.kill('SIGKILL'), stopTimeoutMs);
  await ended;
  clearTimeout(timer);
}
