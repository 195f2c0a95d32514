import { Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Logger } from 'pino';
import type { WebhookBody } from '../../core/index.ts';
import type { Keys, RedisConnections } from '../jobs/index.ts';
import type { RetryPolicy } from '../jobs/retry-policy.ts';
import { errorFields } from '../log.ts';
import { type Delivery, deliver, type Webhook } from './deliver.ts';

export type SenderOptions = {
  readonly webhooks: readonly Webhook[];
  readonly retry: RetryPolicy;
  readonly clock: () => Date;
  readonly logger: Logger;
  readonly onDelivery?: (webhook: string, delivery: Delivery) => void;
};

/** Sends things to webhooks until they are taken, or have been tried often enough. */
export type Sender = {
  /** Returns at once and never throws; the same body for the same webhook is sent once. */
  send(webhook: string, body: WebhookBody): void;
  close(): Promise<void>;
};

/** One try, told in the log. */
async function attempt(options: SenderOptions, name: string, body: WebhookBody, tried: number, signal?: AbortSignal): Promise<Delivery> {
  const webhook = options.webhooks.find((known) => known.name === name);
  if (!webhook) return { isDelivered: false, why: 'no longer configured' };
  const delivery = await deliver(webhook, body, options.clock(), signal);
  const fields = { webhook: name, event: body.event, delivery: body.id, attempt: tried };
  if (delivery.isDelivered) options.logger.info({ ...fields, status: delivery.status }, 'webhook delivered');
  else options.logger.warn({ ...fields, why: delivery.why, isLast: tried >= options.retry.attempts }, 'webhook not delivered');
  options.onDelivery?.(name, delivery);
  return delivery;
}

/** Of this process: what is not sent when it ends is lost. */
export function createInProcessSender(options: SenderOptions): Sender {
  const closing = new AbortController();
  const waits = new Set<NodeJS.Timeout>();
  const tryOnce = async (name: string, body: WebhookBody, tried: number): Promise<void> => {
    const { isDelivered } = await attempt(options, name, body, tried, closing.signal);
    if (isDelivered || tried >= options.retry.attempts || closing.signal.aborted) return;
    const wait = setTimeout(() => {
      waits.delete(wait);
      void tryOnce(name, body, tried + 1);
    }, options.retry.delayMs(tried));
    waits.add(wait);
  };
  return {
    send(name, body) {
      void tryOnce(name, body, 1);
    },
    async close() {
      closing.abort();
      for (const wait of waits) clearTimeout(wait);
    },
  };
}

const queueName = 'webhooks';
/** For so long the same thing, told again by another worker, is known to be sent. */
const rememberedSeconds = 86_400;
const parallelDeliveries = 8;

/** In Redis: any process sends what any process has to tell, also after a restart. */
export function createRedisSender(options: SenderOptions & { readonly connections: RedisConnections; readonly keys: Keys }): Sender {
  const { connections, keys, retry, logger } = options;
  type Carried = { readonly version: 1; readonly webhook: string; readonly body: WebhookBody };
  const base = { connection: connections.work, prefix: keys.bull };
  const queue = new Queue<Carried>(queueName, base);
  const worker = new Worker<Carried>(
    queueName,
    async (job) => {
      const delivery = await attempt(options, job.data.webhook, job.data.body, job.attemptsMade + 1);
      if (delivery.isDelivered) return;
      if (delivery.why === 'no longer configured') throw new UnrecoverableError(delivery.why);
      throw new Error(delivery.why);
    },
    { ...base, concurrency: parallelDeliveries, settings: { backoffStrategy: (attemptsMade) => retry.delayMs(attemptsMade) } },
  );
  queue.on('error', () => undefined);
  worker.on('error', (error) => logger.warn({ error: errorFields(error) }, 'webhooks disturbed'));
  return {
    send(webhook, body) {
      const remembered = { age: rememberedSeconds };
      const settings = {
        jobId: `${webhook}-${body.id}`,
        attempts: retry.attempts,
        backoff: { type: 'ours' },
        removeOnComplete: remembered,
        removeOnFail: remembered,
      };
      queue.add(body.event, { version: 1, webhook, body }, settings).catch((error: unknown) => {
        logger.error({ webhook, delivery: body.id, error: errorFields(error) }, 'webhook not queued');
      });
    },
    async close() {
      await worker.close();
      await queue.close();
    },
  };
}
