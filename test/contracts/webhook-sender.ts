import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Job, WebhookConfig } from '../../core/index.ts';
import { createNotifier } from '../../registry/webhooks/index.ts';
import type { Sender } from '../../registry/webhooks/sender.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

export const webhookSecret = 'a secret of webhooks';

export const endedJob: Job = {
  id: 'j1',
  kind: 'build',
  environment: 'prod',
  repository: 'dynamease',
  state: 'failed',
  createdAt: '2024-05-01T00:00:00.000Z',
  endedAt: '2024-05-01T00:01:00.000Z',
  attempts: 1,
  error: { code: 'SOURCE_AUTH_FAILED', detail: 'Correct the password.', details: [] },
};

/**
 * Holds senders to what registry/webhooks/sender.ts says of them.
 * @param open a sender to these addresses that tries four times with pauses of 50, 100 and 200 ms; it ends with the test
 * @param log what was logged up to now
 */
export function webhookSenderContract(
  open: (webhooks: { name: string; url: string; secret: string }[]) => Promise<Sender>,
  log: () => string,
): void {
  let receiver: WebhookReceiver;
  beforeEach(async () => {
    receiver = await startWebhookReceiver(webhookSecret);
  });
  afterEach(async () => {
    await receiver[Symbol.asyncDispose]();
  });
  const opened = async (events?: WebhookConfig['events'], url = receiver.url) => {
    const sender = await open([{ name: 'ops', url, secret: webhookSecret }]);
    return createNotifier([{ name: 'ops', ...(events ? { events } : {}) }], sender, () => new Date());
  };

  it('deliver what they are to, signed', async () => {
    const notifier = await opened(['job.failed', 'schedule.missed']);
    notifier.jobEnded({ ...endedJob, id: 'j0', state: 'succeeded' });
    notifier.jobEnded(endedJob);
    notifier.slotMissed(
      { name: 'nightly', environment: 'prod' },
      { slot: '2024-05-02T00:00:00.000Z', noticedAt: '2024-05-02T06:00:00.000Z', reason: 'nothing-ran' },
    );
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(2);
    const byEvent = new Map(receiver.received.map((delivery) => [delivery.event, delivery]));
    expect(byEvent.get('job.failed')?.body).toMatchObject({ version: 1, event: 'job.failed', job: endedJob });
    expect(byEvent.get('schedule.missed')?.body.missed).toMatchObject({
      schedule: 'nightly',
      environment: 'prod',
      slot: '2024-05-02T00:00:00.000Z',
    });
    for (const { isSigned, body, delivery } of receiver.received)
      expect({ isSigned, delivery }).toEqual({ isSigned: true, delivery: body.id });
    await expect.poll(log).toContain('webhook delivered');
    expect(log()).not.toContain(webhookSecret);
  });

  it('try again with growing pauses until it is taken', async () => {
    const notifier = await opened();
    receiver.answer(503);
    notifier.jobEnded(endedJob);
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(3);
    receiver.answer(204);
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(4);
    const [first, second, third, fourth] = receiver.received.map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(45);
    expect((fourth ?? 0) - (third ?? 0)).toBeGreaterThanOrEqual(190);
    expect(new Set(receiver.received.map(({ delivery }) => delivery)).size).toBe(1);
    expect(log()).toContain('status 503');
  });

  it('do not try for ever', async () => {
    const notifier = await opened();
    receiver.answer(500);
    notifier.jobEnded(endedJob);
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(4);
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(receiver.received).toHaveLength(4);
  });

  it('follow no redirect and say why nothing was taken', async () => {
    const notifier = await opened();
    await using elsewhere = await startWebhookReceiver(webhookSecret);
    receiver.answer(307, elsewhere.url);
    notifier.jobEnded(endedJob);
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBeGreaterThan(1);
    expect(elsewhere.received).toEqual([]);
    const gone = await startWebhookReceiver(webhookSecret);
    await gone[Symbol.asyncDispose]();
    (await opened(undefined, gone.url)).jobEnded(endedJob);
    await expect.poll(log, { timeout: 10_000 }).toContain('ECONNREFUSED');
  });
}
