import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { stringify } from 'yaml';
import { isEnded, type Job, routePath, routes } from '../../core/index.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

const programs = join(import.meta.dirname, '../registry');
/** A request to S3 that is never answered is given up after a minute, and a start can meet more than one. */
const startTimeoutMs = 240_000;

export type WitnessLine = {
  readonly at: number;
  readonly pid: number;
  readonly event: string;
  readonly environment: string;
  readonly sources?: string[];
};
export type Member = {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  log(): string;
  end(signal: NodeJS.Signals): Promise<void>;
};

/** Registries and builders as processes on one Redis and one storage, and what their builds have witnessed. */
export type Production = AsyncDisposable & {
  readonly redis: RedisServer;
  startRegistry(): Promise<Member>;
  /** @param stageMs how long each of the five stages of its builds takes */
  startBuilder(stageMs: number): Promise<Member>;
  witnessed(): Promise<WitnessLine[]>;
};

export type ProductionOptions = {
  /** A lease that outlasts what a busy machine keeps a process from doing, or a builder that is only slow counts as lost. */
  readonly leaseSeconds: number;
  /** How often a job is tried at most. */
  readonly attempts?: number;
  /** A file beside staged-registry-program.ts, and that one where left out. */
  readonly program?: string;
  /** Of the configuration; a folder where left out. Secrets are in `environment`. */
  readonly storage?: object;
  readonly collectorGraceMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
};

/** Environments a, b, c and d with a source of their own each, and `ab` and `bcd` which read the same servers as those. */
export async function openProduction({ leaseSeconds, attempts, ...options }: ProductionOptions): Promise<Production> {
  const program = join(programs, options.program ?? 'staged-registry-program.ts');
  const folder = await mkdtemp(join(tmpdir(), 'dyn-data-production-'));
  const redis = await startRedis();
  const witness = join(folder, 'witness');
  await writeFile(witness, '');
  const sourceOn = (host: string) => ({ kind: 'mysql', host, user: 'dyndata', password: { env: 'TEST_PASSWORD' }, databases: ['shop'] });
  const environmentOf = (name: string) => ({
    repository: `team/${name}`,
    policy: 'policy.yaml',
    key: { env: 'TEST_KEY' },
    sources: Object.fromEntries([...name].map((letter) => [letter, sourceOn(`source-${letter}`)])),
  });
  const config = {
    version: 1,
    listen: { port: 0 },
    builder: { listen: { port: 0 } },
    storage: options.storage ?? { folder: 'store' },
    ...(options.collectorGraceMs === undefined ? {} : { collector: { graceHours: options.collectorGraceMs / 3_600_000 } }),
    redisUrl: { env: 'TEST_REDIS' },
    jobs: { graceSeconds: 0.5, concurrency: 3, retryDelaySeconds: 0.1, leaseSeconds, ...(attempts === undefined ? {} : { attempts }) },
    environments: Object.fromEntries(['a', 'b', 'c', 'd', 'ab', 'bcd'].map((name) => [name, environmentOf(name)])),
  };
  const configFile = join(folder, 'registry.yaml');
  await writeFile(configFile, stringify(config));
  const members: Member[] = [];

  const start = async (role: string, stageMs: number): Promise<Member> => {
    const child = spawn(process.execPath, [program, '--config', configFile, '--role', role], {
      env: {
        ...process.env,
        ...options.environment,
        TEST_REDIS: redis.url,
        TEST_KEY: 'x',
        TEST_PASSWORD: 'x',
        WITNESS: witness,
        STAGE_MS: String(stageMs),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    let logged = '';
    child.stdout.on('data', (text) => {
      printed += String(text);
    });
    child.stderr.on('data', (text) => {
      logged += String(text);
    });
    const exit = once(child, 'exit');
    await vi.waitUntil(() => printed.includes('\n') || child.exitCode !== null, { timeout: startTimeoutMs });
    if (!printed.includes('\n')) throw new Error(`The process ended: ${logged}`);
    const { listening } = JSON.parse(printed.split('\n')[0] ?? '');
    const member: Member = {
      child,
      pid: child.pid ?? 0,
      url: listening,
      log: () => logged,
      async end(signal) {
        child.kill(signal);
        await exit;
      },
    };
    members.push(member);
    return member;
  };

  return {
    redis,
    startRegistry: () => start('registry', 0),
    startBuilder: (stageMs) => start('builder', stageMs),
    async witnessed() {
      const lines = (await readFile(witness, 'utf8')).split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line));
    },
    async [Symbol.asyncDispose]() {
      for (const { child, end } of members) if (child.exitCode === null && child.signalCode === null) await end('SIGKILL');
      await redis[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param key the same one gives the same job, however often it is asked for */
export async function createBuild(url: string, environment: string, tag?: string, key?: string): Promise<Job> {
  const response = await fetch(`${url}${routes.createSnapshot.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
    body: JSON.stringify({ environment, ...(tag === undefined ? {} : { tag }) }),
  });
  expect(response.status).toBe(202);
  return routes.createSnapshot.answer.parse(await response.json());
}

export async function jobOf(url: string, id: string): Promise<Job> {
  return routes.showJob.answer.parse(await (await fetch(`${url}${routePath(routes.showJob.path, { id })}`)).json());
}

/** @param url a function where the registry may be another one before the job has ended */
export async function endOf(url: string | (() => string), id: string, timeoutMs = 60_000): Promise<Job> {
  let last: Job | undefined;
  // What a job that does not end says of itself is in the failure.
  const stateOf = async (): Promise<unknown> => {
    last = (await jobOf(typeof url === 'string' ? url : url(), id).catch(() => undefined)) ?? last;
    return last && isEnded(last.state) ? 'ended' : (last ?? 'not told');
  };
  await expect.poll(stateOf, { timeout: timeoutMs, interval: 100 }).toBe('ended');
  if (!last) throw new Error('no job');
  return last;
}

export async function eventsOf(url: string, id: string): Promise<string[]> {
  const page = routes.jobLog.answer.parse(await (await fetch(`${url}${routePath(routes.jobLog.path, { id })}`)).json());
  return page.items.map(({ event }) => event);
}

/**
 * Every two readings of the same source at the same time, as sentences. A process that was killed reads until `killedAt` says.
 */
export function overlaps(lines: readonly WitnessLine[], killedAt: ReadonlyMap<number, number> = new Map()): string[] {
  const found: string[] = [];
  const open = new Map<string, WitnessLine>();
  for (const line of lines) {
    if (line.event !== 'begin' && line.event !== 'end') continue;
    for (const source of line.sources ?? []) {
      const holder = open.get(source);
      if (line.event === 'end') {
        if (holder?.pid === line.pid && holder.environment === line.environment) open.delete(source);
        continue;
      }
      const isGone = holder !== undefined && (killedAt.get(holder.pid) ?? Number.POSITIVE_INFINITY) <= line.at;
      if (holder && !isGone)
        found.push(`${source}: ${line.environment} (${line.pid}) began while ${holder.environment} (${holder.pid}) read it`);
      open.set(source, line);
    }
  }
  return found;
}
