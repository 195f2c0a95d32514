import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, inject } from 'vitest';
import { freePort } from './free-port.ts';
// The types of what the set-up provides.
import type {} from './redis-setup.ts';

export type RedisServer = AsyncDisposable & {
  readonly url: string;
  /** Ends it at once, as a machine that loses its power; what it has answered is on its disk. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with what it had. */
  start(): Promise<void>;
};

/** A suite that needs a Redis. Without one it is reported as skipped, with the reason in its name. Its file must be named *.redis.test.ts or *.engine.test.ts. */
export function describeWithRedis(name: string, define: () => void): void {
  const redis = inject('redis');
  if (redis === undefined)
    throw new Error('This file needs the set-up of the projects "redis" and "engine": name it *.redis.test.ts or *.engine.test.ts.');
  if (redis.available) describe(name, define);
  else describe.skip(`${name} [skipped: ${redis.reason}]`, define);
}

const startTimeoutMs = 20_000;

/** A real Redis of its own on a free loopback port, with a password, that writes each change to its disk before it answers. */
export async function startRedis(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'dyn-data-redis-'));
  const port = await freePort();
  const password = 'redis-test-password';
  const url = `redis://:${password}@127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const settings = [
      '--port',
      port,
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--requirepass',
      password,
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
    ];
    child = spawn('redis-server', [...settings.map(String), '--save', ''], { stdio: 'ignore' });
    const failed = new Promise<never>((_resolve, reject) => child?.once('error', reject));
    await Promise.race([failed, untilAnswering(url)]);
  };
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    url,
    kill,
    start,
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilAnswering(url: string): Promise<void> {
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null, commandTimeout: startTimeoutMs });
  client.on('error', () => undefined);
  try {
    await client.ping();
  } finally {
    client.disconnect();
  }
}
