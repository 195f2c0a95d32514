import type { Logger } from 'pino';
import { DynDataError, type Job, type JobHandlers, type JobQueue, type ObjectStore, type RegistryConfig } from '../core/index.ts';
import { type ConfigSecrets, createScheduleStore, readSecret } from '../storage/index.ts';
import {
  connectRedis,
  createInProcessQueue,
  createKeys,
  createRedisQueue,
  createRedisWorker,
  createRetryPolicy,
  type RedisConnections,
} from './jobs/index.ts';
import type { Metrics } from './metrics.ts';
import { createRedisAlarm, createScheduler, createTimerAlarm, type Scheduler, systemTimer } from './schedules/index.ts';
import { createInProcessSender, createNotifier, createRedisSender, type Sender } from './webhooks/index.ts';

/** Without Redis whoever asks for a job mostly waits for it; with it nobody does at night. */
const retryDefaults = { inProcess: { attempts: 3, firstDelayMs: 2_000 }, redis: { attempts: 5, firstDelayMs: 10_000 } };
const defaultConcurrency = 2;
const webhookRetry = { attempts: 10, firstDelayMs: 5_000 };
const scheduleSweepMs = 30_000;
/** How long a stopping registry without Redis waits for its cancelled jobs. */
const cancelledJobsTimeoutMs = 8_000;

/** `registry` serves and makes jobs, `builder` does them, `all` both. */
export const roles = ['all', 'registry', 'builder'] as const;
export type Role = (typeof roles)[number];

export type JobSystemOptions = {
  readonly config: RegistryConfig;
  readonly secrets: ConfigSecrets;
  readonly role: Role;
  readonly handlers: JobHandlers;
  readonly objects: ObjectStore;
  readonly environments: readonly { readonly name: string; readonly repository: string }[];
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly random: () => number;
};

/** Everything about jobs in one process. What the role has not is absent. */
export type JobSystem = {
  readonly jobs?: JobQueue;
  readonly scheduler?: Scheduler;
  /** What must answer for this process to be ready. */
  readonly checks: readonly (() => Promise<void>)[];
  /** Begins to work, and to make jobs by the schedules. */
  start(): Promise<void>;
  /** Ends in order: no new jobs, then those that run, then what tells of them. */
  close(): Promise<void>;
};

/** @throws DynDataError SECRET_MISSING, CONFIG_INVALID, QUEUE_UNREACHABLE */
export async function openJobSystem(options: JobSystemOptions): Promise<JobSystem> {
  const { config, secrets, role } = options;
  const webhooks = await Promise.all(
    config.webhooks.map(async ({ name, url, secret }) => ({
      name,
      url,
      secret: await readSecret(secret, `The secret of the webhook "${name}"`, secrets),
    })),
  );
  const sending = {
    webhooks,
    retry: createRetryPolicy({ ...webhookRetry, random: options.random }),
    clock: options.clock,
    logger: options.logger,
    onDelivery: (webhook: string, { isDelivered }: { isDelivered: boolean }) => options.metrics.webhookTried(webhook, isDelivered),
  };
  if (config.redisUrl !== undefined) {
    const url = await readSecret(config.redisUrl, 'redisUrl', secrets);
    const connections = await connectRedis(url, options.logger);
    try {
      return await openInRedis(options, connections, sending);
    } catch (error) {
      connections.close();
      throw error;
    }
  }
  if (role !== 'all')
    throw new DynDataError(
      'CONFIG_INVALID',
      `The role "${role}" needs a Redis, which brings the jobs to the builders. Set redisUrl, or leave --role out.`,
    );
  return openInProcess(options, createInProcessSender(sending));
}

function openInProcess(options: JobSystemOptions, sender: Sender): JobSystem {
  const { config, handlers, clock, newId, logger, metrics } = options;
  const queue = createInProcessQueue({
    handlers,
    retry: retryOf(options, retryDefaults.inProcess),
    clock,
    newId,
    logger,
    ...(config.jobs.concurrency === undefined ? {} : { concurrency: config.jobs.concurrency }),
    onEnded: outcomesOf(options, sender).jobEnded,
  });
  metrics.countJobsOf(queue);
  const scheduler = schedulerOf(options, queue, createTimerAlarm(systemTimer), sender);
  return {
    jobs: queue,
    scheduler,
    checks: [],
    start: () => scheduler.start(),
    async close() {
      await scheduler.close();
      await queue.close(cancelledJobsTimeoutMs);
      await sender.close();
    },
  };
}

async function openInRedis(
  options: JobSystemOptions,
  connections: RedisConnections,
  sending: Parameters<typeof createInProcessSender>[0],
): Promise<JobSystem> {
  const { config, role, handlers, clock, newId, logger, metrics } = options;
  const keys = createKeys(config.redisPrefix);
  const sender = createRedisSender({ ...sending, connections, keys });
  const { jobEnded } = outcomesOf(options, sender);
  const kinds = (Object.keys(handlers) as (keyof JobHandlers)[]).sort();
  const { globalLimit, concurrency = defaultConcurrency, leaseSeconds, graceSeconds } = config.jobs;
  const limit = globalLimit === undefined ? {} : { globalLimit };
  const queue =
    role === 'builder'
      ? undefined
      : await createRedisQueue({ connections, keys, kinds, clock, newId, logger, ...limit, onEnded: jobEnded });
  if (queue) metrics.countJobsOf(queue);
  const scheduler = queue && schedulerOf(options, queue, createRedisAlarm({ connections, keys, clock, logger }), sender);
  let worker: ReturnType<typeof createRedisWorker> | undefined;
  return {
    ...(queue ? { jobs: queue } : {}),
    ...(scheduler ? { scheduler } : {}),
    checks: [connections.check],
    async start() {
      if (role !== 'registry') {
        const retry = retryOf(options, retryDefaults.redis);
        worker = createRedisWorker({
          connections,
          keys,
          handlers,
          retry,
          concurrency,
          leaseMs: Math.round(leaseSeconds * 1000),
          clock,
          newId,
          logger,
          onEnded: jobEnded,
        });
      }
      await scheduler?.start();
    },
    async close() {
      await scheduler?.close();
      await worker?.close(graceSeconds * 1000);
      await queue?.close();
      await sender.close();
      connections.close();
    },
  };
}

function retryOf({ config, random }: JobSystemOptions, defaults: { readonly attempts: number; readonly firstDelayMs: number }) {
  const { attempts = defaults.attempts, retryDelaySeconds } = config.jobs;
  return createRetryPolicy({
    attempts,
    firstDelayMs: retryDelaySeconds === undefined ? defaults.firstDelayMs : retryDelaySeconds * 1000,
    random,
  });
}

function outcomesOf({ config, clock, metrics }: JobSystemOptions, sender: Sender) {
  const notifier = createNotifier(config.webhooks, sender, clock);
  return {
    notifier,
    jobEnded(job: Job): void {
      metrics.jobEnded(job);
      notifier.jobEnded(job);
    },
  };
}

function schedulerOf(options: JobSystemOptions, jobs: JobQueue, openAlarm: ReturnType<typeof createTimerAlarm>, sender: Sender): Scheduler {
  const { environments, clock, logger, metrics, objects } = options;
  const { notifier } = outcomesOf(options, sender);
  return createScheduler({
    store: createScheduleStore(objects),
    jobs,
    environments,
    clock,
    openAlarm,
    logger,
    sweepMs: scheduleSweepMs,
    onMissed(schedule, missed) {
      metrics.slotMissed(schedule.name);
      notifier.slotMissed(schedule, missed);
    },
    onRun: ({ name }, lagMs) => metrics.scheduleRan(name, lagMs),
  });
}
