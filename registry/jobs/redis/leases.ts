import type { Redis } from 'ioredis';
import type { Keys } from './keys.ts';

/**
 * Takes all resources or none, so no two jobs can wait for each other. An older job that asked lately goes first; one whose worker no
 * longer asks does not stand in the way. Redis' own clock decides, not the workers'.
 */
const acquireScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local token, id, order, ttl, stale = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - stale)) do
  redis.call('ZREM', KEYS[1], gone)
  redis.call('ZREM', KEYS[2], gone)
  redis.call('HDEL', KEYS[3], gone)
end
local free = true
for index = 4, #KEYS do
  local holder = redis.call('GET', KEYS[index])
  if holder and holder ~= token then free = false end
end
if free then
  for _, earlier in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. order)) do
    local wanted = redis.call('HGET', KEYS[3], earlier) or ''
    for index = 4, #KEYS do
      if string.find(wanted, '\\n' .. KEYS[index] .. '\\n', 1, true) then free = false end
    end
  end
end
if not free then
  redis.call('ZADD', KEYS[1], order, id)
  redis.call('ZADD', KEYS[2], now, id)
  redis.call('HSET', KEYS[3], id, '\\n' .. table.concat(KEYS, '\\n', 4) .. '\\n')
  return 0
end
for index = 4, #KEYS do redis.call('SET', KEYS[index], token, 'PX', ttl) end
redis.call('ZREM', KEYS[1], id)
redis.call('ZREM', KEYS[2], id)
redis.call('HDEL', KEYS[3], id)
return 1`;

/** All still ours, or nothing is prolonged. */
const renewScript = `
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) ~= ARGV[1] then return 0 end
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[2]) end
return 1`;

const releaseScript = `
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
end
return 1`;

export type Lease = {
  /** What a write to the job's record must show. */
  readonly token: string;
  /** Fires when the resources may be somebody else's: renewing failed for so long, or Redis says so. */
  readonly lost: AbortSignal;
  /** Whether all is still ours, by Redis' word. Waits for Redis; false at the latest when the lease is over. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
};

export type Leases = {
  /** Undefined where somebody else has, or before us wants, one of the resources. */
  acquire(job: { readonly id: string; readonly order: number; readonly resources: readonly string[] }): Promise<Lease | undefined>;
};

/**
 * Locks with an end: a worker that dies loses them after `ttlMs`, and one that is cut off from Redis gives up before that, by its own
 * clock, so that two never hold the same.
 */
export function createLeases(options: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly newToken: () => string;
  readonly ttlMs: number;
  /** After how long without asking a waiting job loses its turn. */
  readonly staleMs: number;
}): Leases {
  const { redis, keys, newToken, ttlMs, staleMs } = options;
  return {
    async acquire({ id, order, resources }) {
      const token = newToken();
      const held = [`job ${id}`, ...resources].map(keys.lease);
      const all = [keys.waiting, keys.asked, keys.wanted, ...held];
      const askedAt = performance.now();
      const taken = await redis.eval(acquireScript, all.length, ...all, token, id, order, ttlMs, staleMs);
      return taken === 1 ? hold(redis, held, token, ttlMs, askedAt) : undefined;
    },
  };
}

/** Takes a job that no longer waits out of the way of younger ones. */
export async function forgetWaiting(redis: Redis, keys: Keys, id: string): Promise<void> {
  await redis.multi().zrem(keys.waiting, id).zrem(keys.asked, id).hdel(keys.wanted, id).exec();
}

function hold(redis: Redis, held: readonly string[], token: string, ttlMs: number, askedAt: number): Lease {
  const lost = new AbortController();
  // A third of the time is left for what is under way to end before somebody else may begin.
  const trustedMs = (ttlMs * 2) / 3;
  let isReleased = false;
  let deadline: NodeJS.Timeout;
  const giveUp = (): void => {
    clearInterval(renewing);
    clearTimeout(deadline);
    lost.abort();
  };
  const trustFrom = (at: number): void => {
    clearTimeout(deadline);
    deadline = setTimeout(giveUp, at + trustedMs - performance.now());
  };
  const renew = async (): Promise<boolean> => {
    const at = performance.now();
    const answer = await redis.eval(renewScript, held.length, ...held, token, ttlMs);
    if (isReleased || lost.signal.aborted) return false;
    if (answer === 1) trustFrom(at);
    else giveUp();
    return answer === 1;
  };
  // A refused command is no answer: the deadline decides.
  const renewing = setInterval(() => void renew().catch(() => undefined), ttlMs / 6);
  trustFrom(askedAt);
  return {
    token,
    lost: lost.signal,
    async isHeld() {
      const isLost = new Promise<false>((resolve) => {
        if (lost.signal.aborted) resolve(false);
        lost.signal.addEventListener('abort', () => resolve(false), { once: true });
      });
      return Promise.race([renew().catch(() => isLost), isLost]);
    },
    async release() {
      isReleased = true;
      clearInterval(renewing);
      clearTimeout(deadline);
      await redis.eval(releaseScript, held.length, ...held, token);
    },
  };
}
