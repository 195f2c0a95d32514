import type { Redis } from 'ioredis';
import {
  isEnded,
  type Job,
  type JobEvent,
  type JobKind,
  type JobLogEntry,
  type JobState,
  jobSchema,
  parseValue,
} from '../../../core/index.ts';
import type { Keys } from './keys.ts';

/** Makes the record, and the first line of its log, unless there is one, and gives what there is then. */
const createScript = `
local existing = redis.call('HGET', KEYS[1], 'json')
if existing then return existing end
redis.call('HSET', KEYS[1], 'json', ARGV[2], 'rev', 1, 'state', ARGV[3], 'kind', ARGV[4], 'order', ARGV[5], 'logged', 1)
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
redis.call('RPUSH', KEYS[3], '1 ' .. ARGV[6])
return ARGV[2]`;

/**
 * Writes over the revision that was read, with what the log says of it; where a lease's token is shown, only while that lease lasts.
 */
const updateScript = `
if redis.call('HGET', KEYS[1], 'rev') ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[2] then return -1 end
redis.call('HSET', KEYS[1], 'json', ARGV[3], 'state', ARGV[4], 'failures', ARGV[5], 'rev', ARGV[1] + 1)
if ARGV[6] == '1' then redis.call('HDEL', KEYS[1], 'cancel') end
for index = 8, #ARGV do
  redis.call('RPUSH', KEYS[3], redis.call('HINCRBY', KEYS[1], 'logged', 1) .. ' ' .. ARGV[index])
end
redis.call('PUBLISH', ARGV[7], (ARGV[1] + 1) .. ' ' .. ARGV[3])
return 1`;

const logScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local sequence = redis.call('HINCRBY', KEYS[1], 'logged', 1)
redis.call('RPUSH', KEYS[2], sequence .. ' ' .. ARGV[1])
redis.call('LTRIM', KEYS[2], -ARGV[2], -1)
return sequence`;

const keptLogEntries = 2000;
const pageSize = 100;

export type JobRecord = {
  readonly job: Job;
  /** Counts the writes. */
  readonly rev: number;
  readonly order: number;
  /** Attempts that have failed or whose worker was lost. */
  readonly failures: number;
  readonly isCancelWanted: boolean;
};

export type LogLine = JobEvent & { readonly at: string };
export type Change = { readonly job: Job; readonly failures?: number; readonly log?: readonly LogLine[] };

/** What became of a change: `lost` where the lease that was shown is no longer valid, `kept` where `change` wanted none. */
export type Written =
  | { readonly outcome: 'written'; readonly job: Job }
  | { readonly outcome: 'kept'; readonly job: Job }
  | { readonly outcome: 'lost' }
  | { readonly outcome: 'unknown' };

export type JobRecords = {
  nextOrder(): Promise<number>;
  create(job: Job, order: number): Promise<Job>;
  read(id: string): Promise<JobRecord | undefined>;
  /** Applies `change` to the record as it is, again where somebody else was faster; `token` is of the job's lease. */
  update(id: string, change: (record: JobRecord) => Change | undefined, token?: string): Promise<Written>;
  wantCancel(id: string): Promise<void>;
  /** Whether the job is told to wait for the first time. */
  isFirstWait(id: string): Promise<boolean>;
  /** Newest first. */
  list(after?: string): AsyncGenerator<Job>;
  states(): Promise<{ id: string; kind: JobKind; state: JobState }[]>;
  note(id: string, line: LogLine): Promise<void>;
  log(id: string, after: number): AsyncGenerator<JobLogEntry>;
  /** Removes the oldest ended jobs beyond `kept`. */
  forgetOldest(kept: number): Promise<void>;
};

export function createJobRecords(redis: Redis, keys: Keys): JobRecords {
  const read = async (id: string): Promise<JobRecord | undefined> => {
    const [json, rev, order, failures, cancel] = await redis.hmget(keys.job(id), 'json', 'rev', 'order', 'failures', 'cancel');
    if (!json || !rev) return undefined;
    return { job: parseJob(json), rev: Number(rev), order: Number(order), failures: Number(failures ?? 0), isCancelWanted: cancel === '1' };
  };

  return {
    nextOrder: () => redis.incr(keys.order),

    async create(job, order) {
      const line: LogLine = { event: 'created', at: job.createdAt };
      const values = [job.id, JSON.stringify(job), job.state, job.kind, order, JSON.stringify(line)];
      return parseJob(String(await redis.eval(createScript, 3, keys.job(job.id), keys.jobs, keys.log(job.id), ...values)));
    },

    read,

    async update(id, change, token = '') {
      for (;;) {
        const record = await read(id);
        if (!record) return { outcome: 'unknown' };
        const changed = change(record);
        if (!changed) return { outcome: 'kept', job: record.job };
        const { job, failures = record.failures, log = [] } = changed;
        const isOver = isEnded(job.state) ? '1' : '0';
        const values = [
          record.rev,
          token,
          JSON.stringify(job),
          job.state,
          failures,
          isOver,
          keys.changes,
          ...log.map((line) => JSON.stringify(line)),
        ];
        const answer = await redis.eval(updateScript, 3, keys.job(id), keys.lease(`job ${id}`), keys.log(id), ...values);
        if (answer === 1) return { outcome: 'written', job };
        if (answer === -1) return { outcome: 'lost' };
      }
    },

    async wantCancel(id) {
      await redis.multi().hset(keys.job(id), 'cancel', '1').publish(keys.cancels, id).exec();
    },

    async isFirstWait(id) {
      return (await redis.hsetnx(keys.job(id), 'waited', '1')) === 1;
    },

    async *list(after) {
      let below = '+inf';
      if (after !== undefined) {
        const order = await redis.hget(keys.job(after), 'order');
        if (order === null) return;
        below = `(${order}`;
      }
      for (;;) {
        const ids = await redis.zrevrangebyscore(keys.jobs, below, '-inf', 'LIMIT', 0, pageSize);
        if (ids.length === 0) return;
        const reading = redis.pipeline();
        for (const id of ids) reading.hmget(keys.job(id), 'json', 'order');
        let lastOrder: string | null | undefined;
        for (const [, values] of (await reading.exec()) ?? []) {
          const [json, order] = values as (string | null)[];
          lastOrder = order ?? lastOrder;
          if (json) yield parseJob(json);
        }
        // All of the page were forgotten while it was read: so are all older ones.
        if (lastOrder === undefined || lastOrder === null) return;
        below = `(${lastOrder}`;
      }
    },

    async states() {
      const ids = await redis.zrange(keys.jobs, '0', '-1');
      const reading = redis.pipeline();
      for (const id of ids) reading.hmget(keys.job(id), 'kind', 'state');
      const found = (await reading.exec()) ?? [];
      return found.flatMap(([, values], index) => {
        const [kind, state] = values as (string | null)[];
        return kind && state ? [{ id: ids[index] ?? '', kind: kind as JobKind, state: state as JobState }] : [];
      });
    },

    async note(id, line) {
      await redis.eval(logScript, 2, keys.job(id), keys.log(id), JSON.stringify(line), keptLogEntries);
    },

    async *log(id, after) {
      for (const line of await redis.lrange(keys.log(id), 0, -1)) {
        const space = line.indexOf(' ');
        const sequence = Number(line.slice(0, space));
        if (sequence > after) yield { sequence, ...JSON.parse(line.slice(space + 1)) };
      }
    },

    async forgetOldest(kept) {
      const surplus = (await redis.zcard(keys.jobs)) - kept;
      if (surplus <= 0) return;
      for (const id of await redis.zrange(keys.jobs, '0', String(surplus - 1))) {
        const state = await redis.hget(keys.job(id), 'state');
        if (state === null || isEnded(state as JobState)) await redis.multi().zrem(keys.jobs, id).del(keys.job(id), keys.log(id)).exec();
      }
    },
  };
}

/** A message of the channel `changes`: the record's revision and the job. */
export function parseChange(message: string): { rev: number; job: Job } {
  const space = message.indexOf(' ');
  return { rev: Number(message.slice(0, space)), job: parseJob(message.slice(space + 1)) };
}

/** @throws DynDataError INTERNAL for a record of another version of dyn-data. */
function parseJob(json: string): Job {
  return parseValue(jobSchema, JSON.parse(json), 'A job in Redis', 'INTERNAL');
}
