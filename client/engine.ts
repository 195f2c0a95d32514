import * as z from 'zod/mini';
import { parseValue } from '../core/documents.ts';
import { DynDataError } from '../core/errors.ts';
import { engineDiskFull, tellsOfFullDisk } from './full-disk.ts';
import { type HealthCheck, readHealthCheck } from './health-check.ts';
import { lastLines, type ProcessOptions, type Runner } from './process.ts';

const portsSchema = z.nullable(z.record(z.string(), z.nullable(z.array(z.object({ HostIp: z.string(), HostPort: z.string() })))));
const containerSchema = z.object({
  id: z.string(),
  labels: z.record(z.string(), z.string()),
  state: z.object({
    Status: z.string(),
    ExitCode: z.int(),
    StartedAt: z.string(),
    Health: z.optional(z.nullable(z.object({ Status: z.string() }))),
  }),
  ports: z._default(portsSchema, null),
  restart: z.string(),
  image: z.string(),
  mounts: z._default(z.array(z.object({ Name: z.optional(z.string()), Source: z.string(), Destination: z.string() })), []),
  user: z.string(),
  shell: z.nullable(z.array(z.string())),
  check: z.nullable(z.object({ Test: z.optional(z.nullable(z.array(z.string()))), Timeout: z.optional(z.number()) })),
});
const imageSchema = z.object({
  id: z.string(),
  repoDigests: z.nullable(z.array(z.string())),
  labels: z.nullable(z.record(z.string(), z.string())),
});

/** What of a container matters here. Its environment, which holds passwords, is never asked for. */
export type Container = {
  readonly id: string;
  readonly service: string;
  /** `created`, `running`, `restarting`, `exited`, `paused`, `dead`. */
  readonly status: string;
  readonly exitCode: number;
  /** `starting`, `healthy`, `unhealthy`; undefined where the service has no health check. */
  readonly health: string | undefined;
  /** What its health is found out by. */
  readonly check: HealthCheck | undefined;
  /** Whose processes its own are; `0` is root. */
  readonly user: string;
  readonly restarts: boolean;
  readonly imageId: string;
  /** What outlives it: each folder inside with the volume, or the folder of the engine's machine, that it is on. */
  readonly volumes: readonly { readonly inside: string; readonly outside: string }[];
  /** Published ports. */
  readonly ports: readonly { readonly container: string; readonly host: string; readonly hostPort: string }[];
};

export type Image = { readonly id: string; readonly repoDigests: readonly string[]; readonly labels: Readonly<Record<string, string>> };

/** The label of containers that dyn-data makes for itself; its value says for which project on which machine. */
export const helperLabel = 'dev.dyn-data.helper';

export type Engine = {
  /** @throws ENGINE_UNAVAILABLE with what to do. */
  requireAvailable(): Promise<{ version: string }>;
  image(name: string): Promise<Image | undefined>;
  /** False where the engine could not pull; the reason is in `details`. @param onLine each line that docker prints. */
  pull(name: string, onLine: (line: string) => void): Promise<{ pulled: boolean; details: string[] }>;
  /** The containers of a compose project, without one-off ones. */
  containers(project: string): Promise<Container[]>;
  /** Until the signal fires: calls back when a container of the project started, ended, went away or became healthy or unhealthy. */
  events(project: string, onEvent: () => void, signal: AbortSignal): Promise<void>;
  /** The last lines a container printed. @param sinceMs only of this last while */
  logs(container: string, lines: number, sinceMs?: number): Promise<string[]>;
  /** Removes helpers that a killed run of the same owner left behind. Works also after an interruption. */
  removeHelpers(owner: string): Promise<void>;
};

const answerTimeoutMs = 20_000;
const projectLabel = 'label=com.docker.compose.project';
/** What happens to a container that its health or its end follows from. */
const changes = ['start', 'die', 'destroy', 'health_status'];

export function createEngine(processes: Runner): Engine {
  const docker = (args: readonly string[], options?: ProcessOptions) => processes.run('docker', args, options);
  return {
    async requireAvailable() {
      const asked = await docker(['version', '--format', '{{.Server.Version}}'], { timeoutMs: answerTimeoutMs });
      const version = asked.stdout.trim();
      if (asked.exitCode === 0 && version !== '') return { version };
      throw new DynDataError(
        'ENGINE_UNAVAILABLE',
        asked.exitCode === 127
          ? 'The command "docker" is not installed. Install Docker (https://docs.docker.com/engine/install, on Debian: sudo apt-get install docker.io) and try again. Nothing was started.'
          : 'No Docker engine answers. Start it (Docker Desktop, or: sudo systemctl start docker), see that you may use it (docker version), and try again. Nothing was started.',
        { details: asked.exitCode === 127 ? [] : lastLines({ ...asked, stdout: '' }, 2) },
      );
    },
    async image(name) {
      const format = '{"id":{{json .Id}},"repoDigests":{{json .RepoDigests}},"labels":{{json .Config.Labels}}}';
      const inspected = await docker(['image', 'inspect', '--format', format, name]);
      if (inspected.exitCode !== 0) return undefined;
      const { id, repoDigests, labels } = parseAnswer(imageSchema, inspected.stdout);
      return { id, repoDigests: repoDigests ?? [], labels: labels ?? {} };
    },
    async pull(name, onLine) {
      const pulled = await docker(['pull', name], { onLine });
      return { pulled: pulled.exitCode === 0, details: lastLines({ ...pulled, stdout: '' }, 3) };
    },
    async containers(project) {
      const filters = [`${projectLabel}=${project}`, 'label=com.docker.compose.oneoff=False'];
      const listed = await docker(['ps', '--all', '--quiet', '--no-trunc', ...filters.flatMap((filter) => ['--filter', filter])]);
      if (listed.exitCode !== 0) throw failed('docker ps', lastLines(listed));
      const ids = listed.stdout.split('\n').filter((id) => id !== '');
      if (ids.length === 0) return [];
      const format =
        '{"id":{{json .Id}},"labels":{{json .Config.Labels}},"state":{{json .State}},"ports":{{json .NetworkSettings.Ports}},"restart":{{json .HostConfig.RestartPolicy.Name}},"image":{{json .Image}},"mounts":{{json .Mounts}},"user":{{json .Config.User}},"shell":{{json (index .Config "Shell")}},"check":{{json (index .Config "Healthcheck")}}}';
      const inspected = await docker(['inspect', '--type', 'container', '--format', format, ...ids]);
      // A container that vanished between the two commands makes the status 1; the lines of the others are there all the same.
      if (inspected.exitCode !== 0 && !/no such (?:object|container)/i.test(inspected.stderr))
        throw failed('docker inspect', lastLines({ ...inspected, stdout: '' }, 2));
      return inspected.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map(readContainer)
        .sort((a, b) => (a.service < b.service ? -1 : 1));
    },
    async events(project, onEvent, signal) {
      const filters = ['type=container', `${projectLabel}=${project}`, ...changes.map((change) => `event=${change}`)];
      await docker(['events', '--format', '{{.ID}}', ...filters.flatMap((filter) => ['--filter', filter])], { onLine: onEvent, signal });
    },
    async logs(container, lines, sinceMs) {
      const since = sinceMs === undefined ? [] : ['--since', `${Math.ceil(sinceMs / 1000)}s`];
      const printed = await docker(['logs', ...since, '--tail', String(lines), container]);
      return lastLines(printed, lines);
    },
    async removeHelpers(owner) {
      const unaborted = { despiteInterruption: true, timeoutMs: answerTimeoutMs };
      const listed = await docker(['ps', '--all', '--quiet', '--filter', `label=${helperLabel}=${owner}`], unaborted);
      const ids = listed.stdout.split('\n').filter((id) => id !== '');
      if (ids.length > 0) await docker(['rm', '--force', '--volumes', ...ids], unaborted);
    },
  };
}

export function engineFailed(what: string, details: readonly string[]): DynDataError {
  return failed(what, details);
}

function failed(what: string, details: readonly string[]): DynDataError {
  if (tellsOfFullDisk(details)) return engineDiskFull(what, details);
  return new DynDataError('ENGINE_FAILED', `${what} failed. See what the engine says below, correct it and try again.`, { details });
}

function parseAnswer<T>(schema: z.ZodMiniType<T>, text: string): T {
  return parseValue(schema, JSON.parse(text), 'The answer of docker inspect', 'ENGINE_FAILED');
}

function readContainer(line: string): Container {
  const { id, labels, state, ports, restart, image, mounts, user, shell, check } = parseAnswer(containerSchema, line);
  return {
    id,
    service: labels['com.docker.compose.service'] ?? '',
    status: state.Status,
    exitCode: state.ExitCode,
    health: state.Health?.Status,
    check: readHealthCheck(check?.Test, check?.Timeout, shell),
    user: user === '' ? '0' : user,
    restarts: restart !== 'no' && restart !== '',
    imageId: image,
    volumes: mounts.map(({ Name: name, Source: source, Destination: inside }) => ({
      inside,
      outside: name === undefined || name === '' ? source : `the volume ${name} (${source})`,
    })),
    ports: Object.entries(ports ?? {}).flatMap(([container, bindings]) =>
      (bindings ?? []).map(({ HostIp, HostPort }) => ({ container, host: HostIp, hostPort: HostPort })),
    ),
  };
}
