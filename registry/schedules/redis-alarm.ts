import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, type RepeatStrategy, Worker } from 'bullmq';
import type { Logger } from 'pino';
import type { Keys, RedisConnections } from '../jobs/index.ts';
import { errorFields } from '../log.ts';
import type { OpenAlarm } from './alarm.ts';
import { nextSlots } from './slots.ts';

/** Machines' clocks agree this well; a slot that is rung earlier waits for the next look at all schedules. */
const longestSkewMs = 5_000;
const queueName = 'schedules';

/**
 * BullMQ's job schedulers: of all replicas one is woken for each slot, also where the one that set the alarm is gone. BullMQ waits by the
 * machines' clocks; the slots are those of `clock`, which is another one in tests only.
 */
export function createRedisAlarm(options: {
  readonly connections: RedisConnections;
  readonly keys: Keys;
  readonly clock: () => Date;
  readonly logger: Logger;
}): OpenAlarm {
  const { connections, keys, clock, logger } = options;
  const repeatStrategy: RepeatStrategy = (millis, { pattern = '', tz = 'UTC' }) => {
    const aheadMs = clock().getTime() - Date.now();
    const [slot] = nextSlots({ cron: pattern, timeZone: tz }, new Date(millis + aheadMs), 1);
    return slot && slot.getTime() - aheadMs;
  };
  return (ring) => {
    const settings = { repeatStrategy };
    const queue = new Queue(queueName, { connection: connections.work, prefix: keys.bull, settings });
    const worker = new Worker(
      queueName,
      async (job) => {
        // The machine whose clock gave the job out may be ahead of this one.
        await sleep(Math.min(Math.max(0, (job.opts.prevMillis ?? 0) - Date.now()), longestSkewMs));
        await ring(String(job.data.name));
      },
      {
        connection: connections.work,
        prefix: keys.bull,
        settings,
        concurrency: 4,
      },
    );
    queue.on('error', () => undefined);
    worker.on('error', (error) => logger.warn({ error: errorFields(error) }, 'schedules disturbed'));
    return {
      async set({ name, cron, timeZone }) {
        const template = { name: 'slot', data: { version: 1, name }, opts: { removeOnComplete: true, removeOnFail: true } };
        await queue.upsertJobScheduler(name, { pattern: cron, tz: timeZone }, template);
      },
      async clear(name) {
        await queue.removeJobScheduler(name);
      },
      async keepOnly(names) {
        for (const { key } of await queue.getJobSchedulers()) if (!names.has(key)) await queue.removeJobScheduler(key);
      },
      async close() {
        await worker.close();
        await queue.close();
      },
    };
  };
}
