import { createConnection } from 'node:net';
import type { Address } from '../sample/connections.ts';
import { runCommand, runOrFail } from '../scripts/run-command.ts';
import { buildStandinImage, recipeDigest, recipeLabel } from '../scripts/standin-image.ts';
import { untilItPasses } from '../scripts/wait-healthy.ts';

export const toolsImage = 'dyn-data/bench-tools:1';
const recipe = { folder: 'bench-tools' };

/** The tools that people use today, in one image of ours. */
export async function ensureTools(log: (line: string) => void): Promise<void> {
  const { stdout } = await runCommand('docker', ['image', 'inspect', '-f', `{{index .Config.Labels "${recipeLabel}"}}`, toolsImage]);
  if (stdout.trim() === (await recipeDigest(recipe))) return;
  log(`Building ${toolsImage} ...`);
  await buildStandinImage(recipe, toolsImage);
}

/**
 * A shell command with the tools, on the host's network: it reaches the servers by the same way as we do. Files go to `folder`. Gives the
 * seconds that it took, without the start of its container, which nobody who has the tools installed pays for.
 */
export async function runTools(folder: string, command: string): Promise<number> {
  const script = `start=$EPOCHREALTIME\n(${command}\n) >&2\nstatus=$?\necho "$start $EPOCHREALTIME"\nexit $status`;
  const container = ['run', '--rm', '--network', 'host', '-v', `${folder}:/work`, toolsImage];
  const printed = await runOrFail(command, 'docker', [...container, 'bash', '-o', 'pipefail', '-c', script]);
  const [start, end] = printed.trim().split(' ').map(Number);
  return (end as number) - (start as number);
}

export type Server = AsyncDisposable & {
  readonly name: string;
  /** On the loopback address. */
  readonly port: number;
  /** The shortest way to it, see {@link addressOf}. */
  readonly address: Address;
};

/** A server of its own in a container; removed with its data when it is disposed of. */
export async function startServer(options: {
  readonly name: string;
  readonly image: string;
  readonly port: number;
  /** Where it is published; any free port where left out, and another one after each start. */
  readonly hostPort?: number;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** Address of this machine that it is published on; the loopback where left out. */
  readonly host?: string;
  /** Where its data is: a folder of this machine and one inside, as `docker run --volume` takes them. */
  readonly volume?: string;
  /** A shell command inside that succeeds as soon as the server answers over TCP. */
  readonly ready: string;
}): Promise<Server> {
  const { name, image, port, host = '127.0.0.1', hostPort, env, command, volume, ready } = options;
  const variables = Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
  const remove = async (): Promise<void> => {
    await runCommand('docker', ['rm', '--force', '--volumes', name]);
  };
  await remove();
  try {
    const published = `${host}:${hostPort ?? ''}:${port}`;
    const args = ['run', '-d', '--name', name, '-p', published, ...variables, ...(volume === undefined ? [] : ['--volume', volume])];
    await runOrFail('Starting', 'docker', [...args, image, ...command]);
    await waitReady(name, ready);
    return { name, ...(await placesOf(name, port)), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** @param ready a shell command inside that succeeds as soon as the server answers */
export async function waitReady(name: string, ready: string): Promise<void> {
  const deadline = Date.now() + 120_000;
  while ((await runCommand('docker', ['exec', name, ...untilItPasses(ready)])).exitCode !== 0) {
    if (Date.now() > deadline) throw new Error(`${name} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/**
 * Where a container's server is reached: at the container's own address where this machine has a way there, as one reaches a server over a
 * network. Else where it is published, behind the engine's forwarding program, which takes as much of the processor as a server does.
 */
export async function addressOf(name: string, port: number): Promise<Address> {
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
  const [host = ''] = (await runOrFail('Asking', 'docker', ['inspect', '-f', format, name])).trim().split(' ');
  if (host !== '' && (await takesConnections({ host, port }))) return { host, port };
  return { host: '127.0.0.1', port: await portOf(name, port) };
}

/** Both ways to a server; they can be others after each start of its container. */
export async function placesOf(name: string, port: number): Promise<Pick<Server, 'port' | 'address'>> {
  return { port: await portOf(name, port), address: await addressOf(name, port) };
}

/** Where a container's port is published. */
async function portOf(name: string, port: number): Promise<number> {
  const published = (await runOrFail('Asking', 'docker', ['port', name, String(port)])).trim();
  return Number(published.slice(published.lastIndexOf(':') + 1));
}

const connectTimeoutMs = 2_000;

function takesConnections(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ ...address, timeout: connectTimeoutMs });
    const end = (connected: boolean) => () => {
      socket.destroy();
      resolve(connected);
    };
    socket.on('connect', end(true)).on('timeout', end(false)).on('error', end(false));
  });
}
