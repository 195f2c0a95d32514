import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { DynDataError } from '../../../core/index.ts';
import { errorFields } from '../../log.ts';

/** How long a request may wait for Redis: a restart takes less, and whoever asks should get an answer. */
const answerTimeoutMs = 5_000;
const reconnectDelayMs = 250;
const longestReconnectDelayMs = 2_000;

export type RedisConnections = {
  /** For requests: a command that is not answered in time fails with an error. */
  readonly requests: Redis;
  /** For work: a command waits until Redis is there again. */
  readonly work: Redis;
  /** For messages only. */
  readonly subscriber: Redis;
  /** @throws QUEUE_UNREACHABLE */
  check(): Promise<void>;
  close(): void;
};

/**
 * Connections to one Redis, made again whenever they are lost.
 * @throws DynDataError CONFIG_INVALID for an address that is none, QUEUE_UNREACHABLE where nothing answers there.
 */
export async function connectRedis(url: string, logger: Logger): Promise<RedisConnections> {
  if (!/^rediss?:\/\//.test(url))
    throw new DynDataError(
      'CONFIG_INVALID',
      'redisUrl is no address of a Redis. Give redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS.',
    );
  const retryStrategy = (times: number): number => Math.min(reconnectDelayMs * times, longestReconnectDelayMs);
  let isLost = false;
  const open = (more: { commandTimeout?: number }): Redis => {
    const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null, retryStrategy, ...more });
    client.on('error', (error: Error) => {
      if (!isLost) logger.warn({ error: errorFields(error) }, 'redis lost');
      isLost = true;
    });
    client.on('ready', () => {
      if (isLost) logger.info('redis found again');
      isLost = false;
    });
    return client;
  };
  const requests = open({ commandTimeout: answerTimeoutMs });
  const work = open({});
  const subscriber = open({});
  const close = (): void => {
    for (const client of [requests, work, subscriber]) client.disconnect();
  };
  try {
    // A wrong password or address is told at the start; what is lost later is waited for.
    await withTimeout(Promise.all([requests, work, subscriber].map((client) => client.connect())), answerTimeoutMs);
    await requests.ping();
  } catch (error) {
    close();
    throw queueUnreachable(error);
  }
  const check = async (): Promise<void> => {
    await answered(requests.ping());
  };
  return { requests, work, subscriber, check, close };
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), timeoutMs);
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}

export function queueUnreachable(cause: unknown): DynDataError {
  return new DynDataError(
    'QUEUE_UNREACHABLE',
    'Redis, which holds the jobs, does not answer. See that it runs and that redisUrl is its address and password, then try again.',
    {
      cause,
    },
  );
}

/** What a command fails with, as one of our errors. */
export async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof DynDataError ? error : queueUnreachable(error);
  }
}
