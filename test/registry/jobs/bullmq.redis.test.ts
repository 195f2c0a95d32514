import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Job, JobHandlers, JobKind } from '../../../core/index.ts';
import { connectRedis, createKeys, createRedisQueue, createRedisWorker, createRetryPolicy } from '../../../registry/jobs/index.ts';
import { createLog } from '../../../registry/log.ts';
import { gatedJobs, jobQueueContract, lastOf, logOf, request } from '../../contracts/job-queue.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis-server.ts';

const retry = createRetryPolicy({ attempts: 3, firstDelayMs: 100, random: () => 0 });
const clock = (): Date => new Date();

describeWithRedis('jobs in Redis', () => {
  let redis: RedisServer;
  let logged = '';
  const logger = createLog(
    new Writable({
      write(line, _encoding, done) {
        logged += String(line);
        done();
      },
    }),
  );
  const opened: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close();
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
  });

  const openQueue = async (keys = createKeys(randomUUID()), more: { globalLimit?: number; kinds?: readonly JobKind[] } = {}) => {
    const connections = await connectRedis(redis.url, logger);
    const queue = await createRedisQueue({ connections, keys, kinds: ['build', 'verify'], clock, newId: randomUUID, logger, ...more });
    opened.push(async () => {
      await queue.close();
      connections.close();
    });
    return { queue, keys };
  };
  const openWorker = async (keys: ReturnType<typeof createKeys>, handlers: JobHandlers, more: { leaseMs?: number } = {}) => {
    const connections = await connectRedis(redis.url, logger);
    const settings = { concurrency: 4, leaseMs: 3000, progressIntervalMs: 20, ...more };
    const worker = createRedisWorker({ connections, keys, handlers, retry, clock, newId: randomUUID, logger, ...settings });
    const close = async (graceMs: number): Promise<void> => {
      await worker.close(graceMs);
      connections.close();
    };
    opened.push(() => close(0));
    return { close, connections };
  };

  jobQueueContract(async (handlers) => {
    const { queue, keys } = await openQueue(undefined, { kinds: Object.keys(handlers) as JobKind[] });
    await openWorker(keys, handlers);
    return queue;
  });

  it('are seen and followed from every replica, whichever made them and whichever worker runs them', async () => {
    const { queue, keys } = await openQueue();
    const { queue: other } = await openQueue(keys);
    const gate = gatedJobs();
    await openWorker(keys, gate.handlers);
    const { id } = await queue.create(request);
    await expect.poll(gate.started).toBe(1);
    const following = lastOf(other, id);
    gate.finish(0);
    expect(await following).toMatchObject({ state: 'succeeded' });
    expect(await queue.get(id)).toEqual(await other.get(id));
  });

  it('go back to the queue when their worker is stopped, and count no attempt as failed', async () => {
    const { queue, keys } = await openQueue();
    const gate = gatedJobs();
    const first = await openWorker(keys, gate.handlers);
    const { id } = await queue.create(request);
    await expect.poll(gate.started).toBe(1);
    await first.close(100);
    expect(await queue.get(id)).toMatchObject({ state: 'queued', attempts: 1 });
    const second = gatedJobs();
    await openWorker(keys, second.handlers);
    await expect.poll(second.started, { timeout: 3000 }).toBe(1);
    second.finish(0);
    expect(await lastOf(queue, id)).toMatchObject({ state: 'succeeded', attempts: 2 });
    expect((await logOf(queue, id)).map(({ event }) => event)).toEqual(['created', 'started', 'handed-back', 'started', 'succeeded']);
  });

  it('get the grace time to end by themselves, and no new one begins in it', async () => {
    const { queue, keys } = await openQueue();
    const gate = gatedJobs();
    const worker = await openWorker(keys, gate.handlers);
    const { id } = await queue.create(request);
    await expect.poll(gate.started).toBe(1);
    const closing = worker.close(10_000);
    const later = await queue.create({ ...request, environment: 'other' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await queue.get(later.id)).state).toBe('queued');
    gate.finish(0);
    await closing;
    expect(await queue.get(id)).toMatchObject({ state: 'succeeded' });
    expect(gate.started()).toBe(1);
  });

  it('run as many at a time, of all workers, as is allowed', async () => {
    const { queue, keys } = await openQueue(undefined, { globalLimit: 2 });
    const gate = gatedJobs();
    await openWorker(keys, gate.handlers);
    await openWorker(keys, gate.handlers);
    const jobs = [];
    for (const environment of ['a', 'b', 'c', 'd']) jobs.push(await queue.create({ ...request, environment }));
    await expect.poll(gate.started).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(gate.started()).toBe(2);
    for (let index = 0; index < 4; index += 1) {
      await expect.poll(gate.started, { timeout: 5000 }).toBeGreaterThan(index);
      gate.finish(index);
    }
    for (const { id } of jobs) expect((await lastOf(queue, id))?.state).toBe('succeeded');
  });

  it('of a worker that is cut off from Redis are stopped there before another one begins them', async () => {
    const { queue, keys } = await openQueue();
    const cut = gatedJobs();
    let stoppedAt = 0;
    const run = cut.handlers.build?.run;
    const handlers: JobHandlers = {
      build: {
        resources: () => ['source'],
        run: async (wanted, hooks) => {
          hooks.signal.addEventListener('abort', () => {
            stoppedAt = Date.now();
          });
          return (await run?.(wanted, hooks)) ?? {};
        },
      },
    };
    const first = await openWorker(keys, handlers, { leaseMs: 1500 });
    const { id } = await queue.create(request);
    await expect.poll(cut.started).toBe(1);
    first.connections.work.disconnect();
    const other = gatedJobs();
    let begunAt = 0;
    const second: JobHandlers = {
      build: {
        resources: () => ['source'],
        run: async (wanted, hooks) => {
          begunAt = Date.now();
          return (await other.handlers.build?.run(wanted, hooks)) ?? {};
        },
      },
    };
    await openWorker(keys, second, { leaseMs: 1500 });
    await expect.poll(other.started, { timeout: 10_000 }).toBe(1);
    expect(stoppedAt).toBeGreaterThan(0);
    expect(stoppedAt).toBeLessThan(begunAt);
    other.finish(0);
    expect(await lastOf(queue, id)).toMatchObject({ state: 'succeeded', attempts: 2 });
    expect((await logOf(queue, id)).map(({ event }) => event)).toContain('worker-lost');
  });

  it('outlast a restart of Redis, and so does whoever follows them', async () => {
    const { queue, keys } = await openQueue();
    const gate = gatedJobs();
    await openWorker(keys, gate.handlers, { leaseMs: 10_000 });
    const { id } = await queue.create(request);
    const waiting = await queue.create(request);
    await expect.poll(gate.started).toBe(1);
    const states: Job[] = [];
    const following = (async () => {
      for await (const job of queue.follow(id)) states.push(job);
    })();
    await expect.poll(() => states.length).toBe(1);
    await redis.kill();
    await expect(queue.create(request)).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE' });
    await redis.start();
    gate.finish(0);
    await following;
    expect(states.at(-1)).toMatchObject({ state: 'succeeded', attempts: 1 });
    await expect.poll(gate.started, { timeout: 20_000 }).toBe(2);
    gate.finish(1);
    expect(await lastOf(queue, waiting.id)).toMatchObject({ state: 'succeeded', attempts: 1 });
    expect(logged).not.toContain('redis-test-password');
  });
});
