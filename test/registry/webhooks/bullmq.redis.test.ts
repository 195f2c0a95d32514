import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { connectRedis, createKeys, createRetryPolicy } from '../../../registry/jobs/index.ts';
import { createLog } from '../../../registry/log.ts';
import { createNotifier, createRedisSender } from '../../../registry/webhooks/index.ts';
import { endedJob, webhookSecret, webhookSenderContract } from '../../contracts/webhook-sender.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis-server.ts';
import { startWebhookReceiver } from '../../support/webhook-receiver.ts';

describeWithRedis('webhooks in Redis', () => {
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
    for (const close of opened.splice(0)) await close();
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
  });

  const open = async (webhooks: { name: string; url: string; secret: string }[], keys = createKeys(randomUUID()), firstDelayMs = 50) => {
    const connections = await connectRedis(redis.url, logger);
    const retry = createRetryPolicy({ attempts: 4, firstDelayMs, random: () => 0 });
    const sender = createRedisSender({ webhooks, retry, clock: () => new Date(), logger, connections, keys });
    let isClosed = false;
    const close = async (): Promise<void> => {
      if (isClosed) return;
      isClosed = true;
      await sender.close();
      connections.close();
    };
    opened.push(close);
    return { ...sender, close };
  };

  webhookSenderContract(open, () => logged);

  it('are sent once however many tell the same, and by another process where the first one ended', async () => {
    await using receiver = await startWebhookReceiver(webhookSecret);
    receiver.answer(503);
    const webhooks = [{ name: 'ops', url: receiver.url, secret: webhookSecret }];
    const keys = createKeys(randomUUID());
    const first = await open(webhooks, keys, 500);
    for (let times = 0; times < 3; times += 1) createNotifier(webhooks, first, () => new Date()).jobEnded(endedJob);
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(1);
    await first.close();
    receiver.answer(204);
    const second = await open(webhooks, keys, 500);
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(2);
    createNotifier(webhooks, second, () => new Date()).jobEnded(endedJob);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(receiver.received).toHaveLength(2);
  });
});
