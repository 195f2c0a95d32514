import { statfs } from 'node:fs/promises';
import * as z from 'zod/mini';
import type { Compose } from '../compose.ts';
import type { Context } from '../context.ts';
import type { Engine } from '../engine.ts';
import { formatBytes } from '../format.ts';
import { type Check, fail, failed, ok, warn } from './check.ts';

const answerTimeoutMs = 20_000;
const gigabyte = 1_000_000_000;
const disk = { fails: gigabyte, warns: 10 * gigabyte };
/** A database, an application server and what they need to restore. */
const memoryWarns = 3 * gigabyte;
/** Oldest engine that data images are made for. */
const oldestEngine = [20, 10] as const;

const infoSchema = z.object({ root: z.string(), memoryBytes: z.int(), cores: z.int() });

/** The engine and Compose, and whether there is room for them. */
export async function checkEngine(context: Pick<Context, 'processes' | 'env'>, engine: Engine, compose: Compose): Promise<Check[]> {
  const checks: Check[] = [];
  const name = 'engine';
  let isThere = false;
  try {
    const { version } = await engine.requireAvailable();
    const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
    const isOld = major < oldestEngine[0] || (major === oldestEngine[0] && minor < oldestEngine[1]);
    checks.push(
      isOld
        ? warn(name, `Docker ${version}`, `Use ${oldestEngine.join('.')} or newer; older ones are not tried.`)
        : ok(name, `Docker ${version}`),
    );
    isThere = true;
  } catch (error) {
    checks.push(failed(name, error));
  }
  try {
    const { version } = await compose.requireAvailable();
    checks.push(ok('compose', `Docker Compose ${version}`));
  } catch (error) {
    checks.push(failed('compose', error));
  }
  return isThere ? [...checks, ...(await checkRoom(context))] : checks;
}

async function checkRoom({ processes, env }: Pick<Context, 'processes' | 'env'>): Promise<Check[]> {
  const format = '{"root":{{json .DockerRootDir}},"memoryBytes":{{json .MemTotal}},"cores":{{json .NCPU}}}';
  const asked = await processes.run('docker', ['info', '--format', format], { timeoutMs: answerTimeoutMs });
  const parsed = asked.exitCode === 0 ? infoSchema.safeParse(jsonOf(asked.stdout)) : undefined;
  if (!parsed?.success) return [warn('disk', 'docker info does not say where the engine keeps its data', 'See what `docker info` prints.')];
  const { root, memoryBytes, cores } = parsed.data;
  const memory = `${formatBytes(memoryBytes)}, ${cores} cores`;
  return [
    (await isLocalEngine({ processes, env })) ? await checkDisk(root) : ok('disk', 'the engine is on another machine; not looked at'),
    memoryBytes < memoryWarns
      ? warn(
          'memory',
          memory,
          `A stack with databases wants ${formatBytes(memoryWarns)} or more: give the machine, or Docker Desktop, more.`,
        )
      : ok('memory', memory),
  ];
}

async function checkDisk(root: string): Promise<Check> {
  let freeBytes: number;
  try {
    const { bavail, bsize } = await statfs(root);
    freeBytes = bavail * bsize;
  } catch {
    // Docker Desktop keeps it in a virtual machine, and a folder may be closed to this user.
    return ok('disk', `${root} cannot be seen from here; not looked at`);
  }
  const found = `${formatBytes(freeBytes)} free in ${root}`;
  const cure = 'A snapshot is there twice, in its image and restored. Free some: docker system prune, docker image prune --all';
  if (freeBytes < disk.fails) return fail('disk', 'DISK_FULL', found, cure);
  return freeBytes < disk.warns ? warn('disk', found, cure) : ok('disk', found);
}

/** Whether the engine that docker talks to is on this machine. */
export async function isLocalEngine({ processes, env }: Pick<Context, 'processes' | 'env'>): Promise<boolean> {
  const format = '{{.Endpoints.docker.Host}}';
  const host =
    env.DOCKER_HOST || (await processes.run('docker', ['context', 'inspect', '--format', format], { timeoutMs: answerTimeoutMs })).stdout;
  return /^(?:unix|npipe):/.test(host.trim());
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
