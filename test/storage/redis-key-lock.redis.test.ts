import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMemoryObjects } from '../../storage/index.ts';
import type { KeyLock } from '../../storage/key-lock.ts';
import { lockedWrites } from '../../storage/locked-writes.ts';
import { openRedisKeyLock } from '../../storage/redis-key-lock.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis-server.ts';

describeWithRedis('a lock in Redis', () => {
  let redis: RedisServer;
  const locks: (KeyLock & Disposable)[] = [];
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    for (const lock of locks) lock[Symbol.dispose]();
    await redis?.[Symbol.asyncDispose]();
  });
  /** As another process would have it. */
  const open = async (leaseMs?: number): Promise<KeyLock> => {
    const options = { url: redis.url, prefix: 'test:lock:', newId: randomUUID, random: Math.random };
    const lock = await openRedisKeyLock({ ...options, ...(leaseMs === undefined ? {} : { leaseMs }) });
    locks.push(lock);
    return lock;
  };

  it('has one holder at a time for each key, and holders of other keys beside it', async () => {
    const two = [await open(), await open()];
    let inside = 0;
    let most = 0;
    let count = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      const seen = count;
      await sleep(2);
      count = seen + 1;
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 30 }, (_, index) => two[index % 2]?.hold('same', work)));
    expect([most, count]).toEqual([1, 30]);
    const result = await two[0]?.hold('one', () => two[1]?.hold('other', async () => 'both') ?? Promise.resolve(''));
    expect(result).toBe('both');
  });

  it('is freed when the work fails, and its error passes through', async () => {
    const lock = await open();
    const error = new Error('failed');
    await expect(lock.hold('failing', () => Promise.reject(error))).rejects.toBe(error);
    expect(await lock.hold('failing', async () => 'free')).toBe('free');
  });

  it('is kept for longer than its lease while its holder lives', async () => {
    const [first, second] = [await open(900), await open(900)];
    const order: string[] = [];
    const long = first.hold('kept', async (held) => {
      await sleep(2_500);
      await held.confirm();
      order.push('first');
    });
    await sleep(100);
    await Promise.all([long, second.hold('kept', async () => void order.push('second'))]);
    expect(order).toEqual(['first', 'second']);
  });

  it('is free again after its lease where the holder died, and not before', async () => {
    const client = new Redis(redis.url);
    await client.set('test:lock:dead', 'a holder that died', 'PX', 700);
    client.disconnect();
    const startedAt = performance.now();
    await (await open()).hold('dead', async () => undefined);
    expect(performance.now() - startedAt).toBeGreaterThan(600);
  });

  it('tells its holder when another one may have had it, and frees nothing of the other one', async () => {
    const lock = await open(900);
    const client = new Redis(redis.url);
    let wasTold = false;
    const holding = lock.hold('stolen', async (held) => {
      await client.set('test:lock:stolen', 'another holder');
      while (!held.signal.aborted) await sleep(20);
      wasTold = true;
      await held.confirm();
    });
    await expect(holding).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(wasTold).toBe(true);
    expect(await client.get('test:lock:stolen')).toBe('another holder');
    client.disconnect();
  });

  it('refuses a write that was made while the lock was lost', async () => {
    const client = new Redis(redis.url);
    const objects = createMemoryObjects();
    const locked = lockedWrites(objects, await open());
    async function* slow(): AsyncGenerator<Uint8Array> {
      await client.set('test:lock:a/b', 'another holder');
      yield Uint8Array.of(1);
    }
    await expect(locked.write('a/b', slow(), { sizeBytes: 1, condition: 'absent' })).rejects.toMatchObject({ code: 'CONFLICT' });
    client.disconnect();
  });

  it('is not waited for any longer once the signal fires', async () => {
    const lock = await open();
    const controller = new AbortController();
    await lock.hold('busy', async () => {
      setTimeout(() => controller.abort(), 100);
      await expect(lock.hold('busy', async () => undefined, controller.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
    });
  });

  it('says what to do where no Redis answers, printing no password', async () => {
    const options = { prefix: '', newId: randomUUID, random: Math.random };
    const url = 'redis://:hunter2@127.0.0.1:1';
    const unreachable = await openRedisKeyLock({ ...options, url }).catch((error: unknown) => error);
    expect(unreachable).toMatchObject({ code: 'STORAGE_UNREACHABLE', message: expect.stringContaining('redisUrl') });
    expect(String(unreachable)).not.toContain('hunter2');
    await expect(openRedisKeyLock({ ...options, url: 'http://redis' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
