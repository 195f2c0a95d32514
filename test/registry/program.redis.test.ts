import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { createBuild, endOf, eventsOf } from '../support/production.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { startRegistryHere } from '../support/registry-here.ts';

const mainFile = join(import.meta.dirname, '../../registry/main.ts');

describeWithRedis("the registry's own program, in production", () => {
  let folder = '';
  let redis: RedisServer;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-program-'));
    redis = await startRedis();
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await redis[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** The arguments and the environment of a program with this role. */
  const programOf = async (role: string, changes: Record<string, unknown> = {}, env: Record<string, string> = {}) => {
    const config = {
      version: 1,
      listen: { port: 0 },
      storage: { folder: 'store' },
      redisUrl: { env: 'TEST_REDIS' },
      jobs: { attempts: 2, retryDelaySeconds: 0.1, leaseSeconds: 5, graceSeconds: 1 },
      environments: {
        prod: {
          repository: 'shop',
          policy: 'policy.yaml',
          key: { env: 'TEST_KEY' },
          // Nothing listens on port 1.
          sources: {
            mysql: { kind: 'mysql', host: '127.0.0.1', port: 1, user: 'dyndata', password: { env: 'TEST_PASSWORD' }, databases: ['shop'] },
          },
        },
      },
      ...changes,
    };
    const file = join(folder, `${randomUUID()}.yaml`);
    await writeFile(join(folder, 'policy.yaml'), 'version: 1\nsources: { mysql: { defaults: { keep: ["*"] }, tables: {} } }\n');
    await writeFile(file, stringify(config));
    const secrets = { TEST_REDIS: redis.url, TEST_KEY: '01'.repeat(32), TEST_PASSWORD: 'a-password-of-a-source' };
    return { commandLine: ['--config', file, '--role', role], env: { ...secrets, ...env } };
  };
  const start = async (role: string) => {
    const { commandLine, env } = await programOf(role);
    const child = spawn(process.execPath, [mainFile, ...commandLine], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let printed = '';
    let logged = '';
    child.stdout.on('data', (text) => {
      printed += String(text);
    });
    child.stderr.on('data', (text) => {
      logged += String(text);
    });
    const exit = once(child, 'close').then(([code]) => code as number | null);
    await vi.waitUntil(() => printed.includes('\n') || child.exitCode !== null, { timeout: 60_000 });
    return { child, exit, printed: () => printed, logged: () => logged };
  };

  it('does builds on a builder apart, and tries again what may pass', async () => {
    const [registry, builder] = await Promise.all([start('registry'), start('builder')]);
    expect(JSON.parse(builder.printed())).toEqual({ working: true });
    const url = JSON.parse(registry.printed()).listening;
    const { id } = await createBuild(url, 'prod', 'may');
    expect(await endOf(url, id)).toMatchObject({ state: 'failed', attempts: 2, error: { code: 'SOURCE_UNREACHABLE' } });
    expect((await eventsOf(url, id)).filter((event) => event !== 'step')).toEqual(['created', 'started', 'retrying', 'started', 'failed']);
    const policy = await fetch(`${url}/api/v1/environments/prod/policy`);
    expect(policy.status).toBe(404);
    for (const member of [registry, builder]) {
      member.child.kill('SIGTERM');
      expect(await member.exit).toBe(0);
      expect(member.logged()).not.toMatch(/a-password-of-a-source|redis-test-password/);
      expect(JSON.parse(member.logged().trim().split('\n').at(-1) ?? '')).toMatchObject({ msg: 'registry stopped' });
    }
  });

  it('says at its start what is wrong with its Redis or its role', async () => {
    const refused = async (words: RegExp, code: number, ...options: Parameters<typeof programOf>) => {
      const { commandLine, env } = await programOf(...options);
      const { exit, output } = startRegistryHere(commandLine, { env });
      expect(await exit, output().stderr).toBe(code);
      expect(output().stderr).toMatch(words);
      expect(output().stderr).not.toMatch(/wrong-password|redis-test-password/);
    };
    await refused(/^USAGE: There is no such role\./m, 2, 'butler');
    await refused(/^CONFIG_INVALID: The role "builder" needs a Redis/m, 2, 'builder', { redisUrl: undefined });
    await refused(/^SECRET_MISSING: .*TEST_NOTHING/m, 4, 'registry', { redisUrl: { env: 'TEST_NOTHING' } });
    await refused(/^CONFIG_INVALID: redisUrl is no address/m, 2, 'registry', {}, { TEST_REDIS: 'http://127.0.0.1' });
    await Promise.all([
      refused(/^QUEUE_UNREACHABLE: /m, 5, 'registry', {}, { TEST_REDIS: redis.url.replace('redis-test-password', 'wrong-password') }),
      refused(/^QUEUE_UNREACHABLE: /m, 5, 'builder', {}, { TEST_REDIS: 'redis://127.0.0.1:1' }),
    ]);
  });
});
