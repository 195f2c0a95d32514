import type { Context } from '../context.ts';
import { type Container, engineFailed, helperLabel } from '../engine.ts';
import { lastLines, type Runner } from '../process.ts';
import { createExec, type ServiceContainer } from '../service-container.ts';
import type { TargetAddress } from './target-address.ts';

/** In memory, and gone with the container. */
const folder = '/run/dyn-data';
/** Read by the clients' own scripts; see `loginFile` there. */
const writeLogin = `umask 077
cat > ${folder}/login
. ${folder}/login
printf %s "$DYN_DATA_PASSWORD" > ${folder}/password`;

/**
 * A throw-away container of an image that has the clients of a kind of server, on the network of the engine's machine. How to log in is handed to it on
 * standard input and stands in its memory only. Disposing removes it.
 * @throws DynDataError ENGINE_FAILED
 */
export async function startToolsContainer(
  { signal }: Pick<Context, 'signal'>,
  processes: Runner,
  options: { readonly image: string; readonly owner: string; readonly target: TargetAddress; readonly password: string },
): Promise<ServiceContainer> {
  const { image, owner, target, password } = options;
  const args = [
    '--detach',
    '--rm',
    '--network',
    'host',
    '--user',
    '0',
    '--tmpfs',
    `${folder}:mode=0700`,
    '--label',
    `${helperLabel}=${owner}`,
  ];
  const started = await processes.run('docker', ['run', ...args, '--entrypoint', 'sleep', image, '2147483647']);
  const id = started.stdout.trim();
  if (started.exitCode !== 0) throw engineFailed(`Starting the clients of ${image}`, lastLines(started));
  const found: Container = {
    id,
    service: target.label,
    status: 'running',
    exitCode: 0,
    health: undefined,
    check: undefined,
    user: '0',
    restarts: false,
    imageId: image,
    volumes: [],
    ports: [],
  };
  const { execIn, dispose } = createExec(processes, signal);
  const container: ServiceContainer = {
    service: target.label,
    place: `the server ${target.label}`,
    isRemote: true,
    find: async () => found,
    exec: (command, options) => execIn(id, command, options),
    waitHealthy: async () => found,
    async [Symbol.asyncDispose]() {
      await dispose();
      await processes.run('docker', ['rm', '--force', '--volumes', id], { despiteInterruption: true, timeoutMs: 20_000 });
    },
  };
  const written = await container.exec(['sh', '-c', writeLogin], { input: loginOf(target, password) });
  if (written.exitCode === 0) return container;
  await container[Symbol.asyncDispose]();
  throw engineFailed(`Writing into the container of the clients of ${image}`, []);
}

function loginOf({ host, port, user, tls, label }: TargetAddress, password: string): string {
  const values = {
    DYN_DATA_HOST: host,
    DYN_DATA_PORT: String(port),
    DYN_DATA_USER: user,
    DYN_DATA_PASSWORD: password,
    DYN_DATA_TLS: tls ?? '',
    DYN_DATA_URL: label,
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('');
}
