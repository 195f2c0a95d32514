import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { MissedSlot } from '../../../core/index.ts';
import { connectRedis, createKeys } from '../../../registry/jobs/index.ts';
import { createRedisAlarm, createScheduler, type Scheduler } from '../../../registry/schedules/index.ts';
import { nextSlots } from '../../../registry/schedules/slots.ts';
import { createMemoryObjects, createScheduleStore } from '../../../storage/index.ts';
import { environments, schedulesContract } from '../../contracts/schedules.ts';
import { createCountingQueue, silentLog } from '../../support/counting-queue.ts';
import { times } from '../../support/many-times.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis-server.ts';

const replicas = 2;
/** The replicas are up for so long before the time that is waited for. */
const leadMs = 2_000;

describeWithRedis('schedules of two replicas', () => {
  let redis: RedisServer;
  const opened: (() => Promise<unknown>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0)) await close();
  };
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(closeAll);
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
  });

  schedulesContract(
    async (start) => {
      let aheadMs = Date.parse(start) - Date.now();
      const clock = (): Date => new Date(Date.now() + aheadMs);
      const keys = createKeys(randomUUID());
      const { queue, created, keepJobsOpen } = createCountingQueue();
      const store = createScheduleStore(createMemoryObjects());
      const missed: MissedSlot[] = [];
      const logger = silentLog();
      let running: Scheduler[] = [];
      const startAll = async (): Promise<void> => {
        running = [];
        for (let replica = 0; replica < replicas; replica += 1) {
          const connections = await connectRedis(redis.url, logger);
          const openAlarm = createRedisAlarm({ connections, keys, clock, logger });
          const onMissed = (_schedule: unknown, slot: MissedSlot): void => void missed.push(slot);
          const scheduler = createScheduler({ store, jobs: queue, environments, clock, openAlarm, logger, onMissed, sweepMs: 3_600_000 });
          opened.push(async () => {
            await scheduler.close();
            connections.close();
          });
          running.push(scheduler);
        }
        await Promise.all(running.map((scheduler) => scheduler.start()));
      };
      const startAt = async (time: number): Promise<void> => {
        await closeAll();
        aheadMs = time - Date.now();
        await startAll();
      };
      const isAllHandled = async (): Promise<boolean> => {
        for await (const record of store.list()) {
          const [slot] = nextSlots(record, new Date(record.handledUntil), 1);
          if (record.enabled && slot && slot <= clock()) return false;
        }
        return true;
      };
      await startAll();
      // The replica that is asked is now one, now the other.
      let asked = 0;
      const schedules = new Proxy({} as Scheduler, {
        get: (_target, name: keyof Scheduler) => {
          asked += 1;
          return running[asked % replicas]?.[name];
        },
      });
      return {
        schedules,
        created,
        missed: () => missed,
        keepJobsOpen,
        async passTo(time) {
          await startAt(Date.parse(time) - leadMs);
          await sleep(Date.parse(time) - clock().getTime() + 50);
          await expect.poll(isAllHandled, { timeout: 20_000, interval: 50 }).toBe(true);
          // The other replica may have been woken as well.
          await sleep(100);
        },
        sleepUntil: (time) => startAt(Date.parse(time)),
      };
    },
    { clockChanges: times(0, 1) === 1 ? 'all' : 'spring' },
  );
});
