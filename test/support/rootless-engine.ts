import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, copyFile, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exists, installPackages, isDebianAsRoot } from '../../scripts/debian.ts';
import { type CommandResult, runCommand, runOrFail } from '../../scripts/run-command.ts';
import { bundledClient, clientBundle } from './client-bundle.ts';

/** Of the package docker.io; what it needs has packages of its own. */
const program = '/usr/share/docker.io/contrib/dockerd-rootless.sh';
const needed = { uidmap: '/usr/bin/newuidmap', rootlesskit: '/usr/bin/rootlesskit', slirp4netns: '/usr/bin/slirp4netns' };
/** Of no account of this machine; those of its containers begin at another one. */
const userId = 23_456;
const name = 'dyn-data-tester';
const subordinates = `${name}:300000:65536\n`;
const startTimeoutMs = 60_000;
/** What an engine reaches of this machine: not its loopback, which is another than that of the engine. */
const address = '198.51.100.1';

/** A user who is not root, with a rootless Docker engine of the user's own. */
export type RootlessEngine = AsyncDisposable & {
  readonly userId: number;
  readonly home: string;
  /** Where the runtime directory of a session would be. */
  readonly runtime: string;
  /** For who is root and asks this engine. */
  readonly env: { readonly DOCKER_HOST: string };
  /** Of this machine, for a registry that both the user and the engine reach. */
  readonly address: string;
  /** As the user, who has `dyn-data` and Node in `~/bin`; nothing of this process's environment is there. */
  run(
    command: readonly string[],
    options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
  ): Promise<CommandResult>;
  /** Makes the folder, and what is in it, the user's. */
  give(folder: string): Promise<string>;
};

/** Whether this machine can have one: a Debian with its own Docker, as root, who makes the user. */
export async function canBeRootless(): Promise<boolean> {
  return (await isDebianAsRoot()) && (await exists(program));
}

/**
 * Starts one in a mount namespace, which alone has the user, the user's subordinate ids and a /dev/net/tun that all may open: this machine's
 * accounts stay as they are.
 */
export async function startRootlessEngine(): Promise<RootlessEngine> {
  const missing: string[] = [];
  for (const [packageName, file] of Object.entries(needed)) if (!(await exists(file))) missing.push(packageName);
  if (missing.length > 0) await installPackages(missing);
  await bundledClient();
  const folder = await mkdtemp(join(tmpdir(), 'dyn-data-rootless-'));
  const [home, runtime] = [join(folder, 'home'), join(folder, 'run')];
  const [bin, plugins] = [join(home, 'bin'), join(home, '.docker/cli-plugins')];
  for (const one of [bin, plugins, runtime]) await mkdir(one, { recursive: true });
  await copyFile(clientBundle, join(bin, 'dyn-data'));
  await chmod(join(bin, 'dyn-data'), 0o755);
  await writeFile(join(bin, 'node'), '');
  const give = (one: string): Promise<string> =>
    runOrFail('Giving a folder to the user', 'chown', ['--recursive', `${userId}:${userId}`, one]);
  await give(folder);
  await chmod(folder, 0o755);
  await chmod(runtime, 0o700);
  await writeFile(join(folder, 'passwd'), `${await readFile('/etc/passwd', 'utf8')}${name}:x:${userId}:${userId}::${home}:/bin/sh\n`);
  await writeFile(join(folder, 'group'), `${await readFile('/etc/group', 'utf8')}${name}:x:${userId}:\n`);
  await writeFile(join(folder, 'subid'), subordinates);
  for (const file of ['passwd', 'group', 'subid']) await chown(join(folder, file), 0, 0);

  const env = { HOME: home, XDG_RUNTIME_DIR: runtime, PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin' };
  const asUser = (variables: Readonly<Record<string, string>>, command: readonly string[]): string[] => [
    'setpriv',
    `--reuid=${userId}`,
    `--regid=${userId}`,
    '--clear-groups',
    'env',
    '--ignore-environment',
    ...Object.entries(variables).map(([key, value]) => `${key}=${value}`),
    ...command,
  ];
  const setUp = `set -e
mkdir "$1/dev"
mount -t tmpfs dyn-data-test "$1/dev"
mknod -m 0666 "$1/dev/tun" c 10 200
mount --bind "$1/dev/tun" /dev/net/tun
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
touch /etc/subuid /etc/subgid
mount --bind "$1/subid" /etc/subuid
mount --bind "$1/subid" /etc/subgid
mount --bind "$2" "$1/home/bin/node"
mount --bind "$3" "$1/home/.docker/cli-plugins"
shift 3
exec "$@"`;
  const logFile = join(folder, 'log');
  await runCommand('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
  const output = await open(logFile, 'a');
  const engineCommand = asUser(env, [program, `--insecure-registry=${address}/32`]);
  const places = [folder, process.execPath, join(homedir(), '.docker/cli-plugins')];
  const engine = spawn('unshare', ['--mount', '--propagation=slave', 'sh', '-c', setUp, 'sh', ...places, ...engineCommand], {
    stdio: ['ignore', output.fd, output.fd],
    cwd: '/',
  });
  await output.close();
  const host = { DOCKER_HOST: `unix://${join(runtime, 'docker.sock')}` };
  const dispose = async (): Promise<void> => {
    await end(engine);
    await runCommand('ip', ['address', 'delete', `${address}/32`, 'dev', 'lo']);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    for (
      const deadline = Date.now() + startTimeoutMs;
      (await runCommand('docker', ['version'], { env: host })).exitCode !== 0;
      await sleep(250)
    )
      if (engine.exitCode !== null || Date.now() > deadline)
        throw new Error(`There is no rootless engine here: ${(await readFile(logFile, 'utf8')).trim().split('\n').slice(-8).join('\n')}`);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    userId,
    home,
    runtime,
    env: host,
    address,
    give,
    run(command, { cwd, env: more = {} }) {
      const variables = { ...env, PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`, ...host, ...more };
      const inside = asUser(variables, ['sh', '-c', 'cd "$0" && exec "$@"', cwd, ...command]);
      return runCommand('nsenter', [`--target=${engine.pid}`, '--mount', ...inside]);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

async function end(engine: ChildProcess): Promise<void> {
  if (engine.exitCode !== null || engine.signalCode !== null) return;
  const ended = once(engine, 'exit');
  engine.kill('SIGTERM');
  await ended;
}
