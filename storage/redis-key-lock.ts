import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { DynDataError } from '../core/index.ts';
import { cancellation, throwIfCancelled } from './cancellation.ts';
import type { HeldLock, KeyLock } from './key-lock.ts';
import { conflict } from './storage-errors.ts';

/** How long a holder that died keeps a key locked. */
const defaultLeaseMs = 15_000;
/** How long a free key is waited for. */
const patienceMs = 120_000;
const firstPollMs = 10;
const longestPollMs = 150;
const connectTimeoutMs = 5_000;
const commandTimeoutMs = 5_000;
const longestReconnectMs = 1_000;

/**
 * Takes the lock, or finds that it is ours: a command whose answer was lost is sent again. Every script looks for our own token before it
 * changes anything, so that nobody prolongs or frees what another one holds by now.
 */
const takeScript = `
if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end
return 0`;
const renewScript = `
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end
return 0`;
const freeScript = `
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end
return 0`;

export type RedisKeyLockOptions = {
  /** `redis://…` or `rediss://…`. */
  readonly url: string;
  /** Begins the names of the locks: one for each store. */
  readonly prefix: string;
  readonly newId: () => string;
  readonly random: () => number;
  readonly leaseMs?: number;
};

/**
 * Locks in one Redis. It must not evict keys that have an expiry, and one that is restarted without its data forgets who holds what:
 * `confirm` then says so.
 *
 * An object store without conditional writes takes no fencing token, so what a holder had sent before it lost its lock cannot be stopped at
 * the store. It is made unlikely instead: a holder counts its lease from before it asked for it, ends its requests when two thirds of it have
 * passed without a renewal, and so has a third of it for what is still on its way.
 * @throws DynDataError CONFIG_INVALID for an address that is none, STORAGE_UNREACHABLE where no Redis answers there.
 */
export async function openRedisKeyLock(options: RedisKeyLockOptions): Promise<KeyLock & Disposable> {
  const { prefix, newId, random } = options;
  const leaseMs = options.leaseMs ?? defaultLeaseMs;
  const client = await connect(options.url);
  const run = (script: string, key: string, token: string): Promise<unknown> =>
    client.eval(script, 1, `${prefix}${key}`, token, leaseMs).catch((error: unknown) => {
      throw redisUnreachable(error);
    });

  const take = async (key: string, token: string, signal: AbortSignal | undefined): Promise<number> => {
    const deadline = performance.now() + patienceMs;
    for (let polls = 0; ; polls += 1) {
      throwIfCancelled(signal);
      const askedAt = performance.now();
      if ((await run(takeScript, key, token)) === 1) return askedAt;
      if (askedAt > deadline) {
        const message = `${key} has been locked by another process for ${patienceMs / 1000} s. See that no process of dyn-data hangs, then try again.`;
        throw new DynDataError('STORAGE_UNREACHABLE', message);
      }
      const delayMs = random() * Math.min(longestPollMs, firstPollMs * 2 ** Math.min(polls, 10));
      await sleep(delayMs, undefined, signal && { signal }).catch((error: unknown) => {
        throw signal?.aborted ? cancellation(signal) : error;
      });
    }
  };

  return {
    async hold<T>(key: string, work: (held: HeldLock) => Promise<T>, signal?: AbortSignal): Promise<T> {
      const token = newId();
      let heldSince = await take(key, token, signal);
      const losing = new AbortController();
      const lost = (): DynDataError => conflict(key);
      const renew = async (): Promise<void> => {
        const askedAt = performance.now();
        if ((await run(renewScript, key, token)) === 1) heldSince = askedAt;
        else losing.abort(lost());
      };
      const timer = setInterval(() => {
        if (performance.now() - heldSince > (leaseMs * 2) / 3) losing.abort(lost());
        // A Redis that is away for a moment is asked again; the lease decides.
        else renew().catch(() => undefined);
      }, leaseMs / 6);
      const held: HeldLock = {
        signal: signal ? AbortSignal.any([signal, losing.signal]) : losing.signal,
        async confirm() {
          if (losing.signal.aborted) throw lost();
          await renew();
          if (losing.signal.aborted) throw lost();
        },
      };
      try {
        return await work(held);
      } finally {
        clearInterval(timer);
        // One that cannot be freed frees itself when its lease ends.
        await run(freeScript, key, token).catch(() => undefined);
      }
    },
    [Symbol.dispose]() {
      client.disconnect();
    },
  };
}

async function connect(url: string): Promise<Redis> {
  if (!/^rediss?:\/\//.test(url)) {
    throw new DynDataError(
      'CONFIG_INVALID',
      'redisUrl is no address of a Redis. Give redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS.',
    );
  }
  const retryStrategy = (times: number): number => Math.min(50 * times, longestReconnectMs);
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    maxRetriesPerRequest: null,
    retryStrategy,
  });
  // Each command tells its own failure.
  client.on('error', () => undefined);
  try {
    // A client that gets no connection tries for ever, so the first one is bounded here.
    await Promise.race([client.connect().then(() => client.ping()), rejectAfter(connectTimeoutMs)]);
    return client;
  } catch (error) {
    client.disconnect();
    throw redisUnreachable(error);
  }
}

async function rejectAfter(timeoutMs: number): Promise<never> {
  await sleep(timeoutMs, undefined, { ref: false });
  throw new Error('timeout');
}

function redisUnreachable(cause: unknown): DynDataError {
  return new DynDataError(
    'STORAGE_UNREACHABLE',
    'Redis, which locks the objects of a store without conditional writes, does not answer. See that it runs and that redisUrl is its address and password, then try again.',
    { cause },
  );
}
