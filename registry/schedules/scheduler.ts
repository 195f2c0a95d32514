import type { Logger } from 'pino';
import {
  DynDataError,
  isEnded,
  type JobQueue,
  type JobRequest,
  type MissedSlot,
  type ScheduleDefinition,
  type ScheduleRecord,
  type ScheduleStore,
  type Schedules,
  type ScheduleView,
  scheduleVersion,
} from '../../core/index.ts';
import { errorFields } from '../log.ts';
import type { OpenAlarm } from './alarm.ts';
import { afterDue, dueSlots } from './due.ts';
import { nextSlots, requireTimes, tagOf } from './slots.ts';

const shownSlots = 5;

export type SchedulerOptions = {
  readonly store: ScheduleStore;
  readonly jobs: JobQueue;
  readonly environments: readonly { readonly name: string; readonly repository: string }[];
  readonly clock: () => Date;
  readonly openAlarm: OpenAlarm;
  readonly logger: Logger;
  /** Told once of each missed slot. Must not throw. */
  readonly onMissed?: (schedule: ScheduleRecord, missed: MissedSlot) => void;
  /** Told of each job that is made for a slot, and how long after it. */
  readonly onRun?: (schedule: ScheduleRecord, lagMs: number) => void;
  /** All schedules are looked at so often, whether an alarm rang or not. */
  readonly sweepMs: number;
};

export type Scheduler = Schedules & {
  /** Sets all alarms and does what came due while nothing ran. */
  start(): Promise<void>;
  close(): Promise<void>;
};

/**
 * Schedules of builds. What is due follows from the stored record and the clock alone, and the job of a slot has an idempotency key made of
 * both names: replicas may look at the same schedule at the same moment, and one that dies in between has its work done by the next look.
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { store, jobs, environments, clock, logger } = options;
  const alarm = options.openAlarm((name) => look(name));
  let sweeping: NodeJS.Timeout | undefined;

  const environmentOf = (name: string): SchedulerOptions['environments'][number] => {
    const found = environments.find((known) => known.name === name);
    if (found) return found;
    const names = environments.map((known) => known.name).join(', ');
    throw new DynDataError('ENVIRONMENT_UNKNOWN', `The registry has no environment "${name}". It has: ${names || 'none'}.`);
  };

  const requestFor = (schedule: ScheduleRecord, slot: Date): JobRequest => ({
    kind: 'build',
    environment: schedule.environment,
    repository: environmentOf(schedule.environment).repository,
    tag: tagOf(schedule, slot),
    ...(schedule.alias === undefined ? {} : { alias: schedule.alias }),
    schedule: { name: schedule.name, slot: slot.toISOString() },
  });

  const isOpen = async (job: string | undefined): Promise<boolean> => {
    if (job === undefined) return false;
    try {
      return !isEnded((await jobs.get(job)).state);
    } catch (error) {
      // Forgotten jobs have ended.
      if (error instanceof DynDataError && error.code === 'JOB_UNKNOWN') return false;
      throw error;
    }
  };

  /** Does what is due of one schedule. Never throws: what fails is tried again at the next look. */
  async function look(name: string): Promise<void> {
    try {
      while (!(await lookOnce(name)));
    } catch (error) {
      logger.error({ schedule: name, error: errorFields(error) }, 'schedule not looked after');
    }
  }

  /** False where somebody else changed the record meanwhile. */
  async function lookOnce(name: string): Promise<boolean> {
    const found = await store.read(name);
    if (!found?.record.enabled) return true;
    const { record, etag } = found;
    const now = clock();
    const known = {
      hasEnvironment: environments.some((environment) => environment.name === record.environment),
      isPreviousOpen: await isOpen(record.lastRun?.job),
    };
    const due = dueSlots(record, now, known);
    if (!due) return true;
    const { run } = due;
    const idempotencyKey = run && `schedule ${name} ${run.slot.toISOString()}`;
    const job = run && idempotencyKey ? await jobs.create(requestFor(record, run.slot), { idempotencyKey }) : undefined;
    const after = afterDue(record, due, now, job?.id);
    if (!(await writtenOver(after, etag))) return false;
    if (run) {
      const lagMs = now.getTime() - run.slot.getTime();
      logger.info({ schedule: name, slot: run.slot.toISOString(), job: job?.id, lagMs }, 'schedule ran');
      options.onRun?.(record, lagMs);
    }
    for (const missed of after.missed.slice(0, due.missed.length)) {
      logger.warn(
        { schedule: name, environment: record.environment, slot: missed.slot, reason: missed.reason, job: missed.job },
        'schedule missed a slot',
      );
      options.onMissed?.(record, missed);
    }
    return true;
  }

  const writtenOver = (record: ScheduleRecord, etag: string): Promise<boolean> => isMet(store.write(record, { etag }));

  const read = async (name: string) => {
    const found = await store.read(name);
    if (found) return found;
    throw new DynDataError('SCHEDULE_UNKNOWN', `There is no schedule "${name}". List them with \`dyn-data schedule list\`.`);
  };

  /** To be changed, unless somebody has changed it since it was the expected one. */
  const readExpected = async (name: string, expected: string | undefined) => {
    const found = await read(name);
    if (expected === undefined || scheduleVersion(found.record) === expected) return found;
    throw new DynDataError('CONFLICT', `Somebody has changed the schedule "${name}" meanwhile. Look at its present state, then try again.`);
  };

  const change = async (
    name: string,
    expected: string | undefined,
    to: (record: ScheduleRecord) => ScheduleRecord,
  ): Promise<ScheduleView> => {
    // What is due by the old record is done before it is another one.
    await look(name);
    for (;;) {
      const { record, etag } = await readExpected(name, expected);
      const changed = to(record);
      if (!(await writtenOver(changed, etag))) continue;
      if (changed.enabled) await alarm.set(changed);
      else await alarm.clear(name);
      return viewOf(changed);
    }
  };

  const viewOf = (record: ScheduleRecord): ScheduleView => {
    const { version: _version, handledUntil: _handledUntil, ...shown } = record;
    const next = record.enabled ? nextSlots(record, clock(), shownSlots).map((slot) => slot.toISOString()) : [];
    return { ...shown, next };
  };

  return {
    async create(name, definition) {
      requireTimes(definition);
      environmentOf(definition.environment);
      const now = clock().toISOString();
      const record: ScheduleRecord = {
        version: 1,
        name,
        ...defined(definition),
        enabled: true,
        createdAt: now,
        updatedAt: now,
        missed: [],
        handledUntil: now,
      };
      try {
        await store.write(record, 'absent');
      } catch (error) {
        if (!(error instanceof DynDataError && error.code === 'CONFLICT')) throw error;
        throw new DynDataError('SCHEDULE_EXISTS', `There is a schedule "${name}" already. Take another name, or change that one.`, {
          cause: error,
        });
      }
      await alarm.set(record);
      return viewOf(record);
    },

    async *list() {
      for await (const record of store.list()) yield viewOf(record);
    },

    get: async (name) => viewOf((await read(name)).record),

    async update(name, definition, expected) {
      requireTimes(definition);
      environmentOf(definition.environment);
      return change(name, expected, ({ alias: _alias, ...record }) => {
        const now = clock().toISOString();
        return { ...record, ...defined(definition), updatedAt: now, handledUntil: now };
      });
    },

    async remove(name, expected) {
      for (;;) {
        const { etag } = await readExpected(name, expected);
        if (await isMet(store.remove(name, etag))) break;
      }
      await alarm.clear(name);
    },

    pause: (name, expected) => change(name, expected, (record) => ({ ...record, enabled: false, updatedAt: clock().toISOString() })),

    resume: (name, expected) =>
      change(name, expected, (record) => {
        const now = clock().toISOString();
        return record.enabled ? record : { ...record, enabled: true, updatedAt: now, handledUntil: now };
      }),

    async run(name, { at = clock(), ...key } = {}) {
      const { record } = await read(name);
      return (await jobs.create(requestFor(record, at), key)).id;
    },

    async start() {
      const names = new Set<string>();
      for await (const record of store.list()) {
        await look(record.name);
        if (!record.enabled) continue;
        names.add(record.name);
        await alarm.set(record);
      }
      await alarm.keepOnly(names);
      sweeping = setInterval(() => void sweep(), options.sweepMs);
    },

    async close() {
      clearInterval(sweeping);
      await alarm.close();
    },
  };

  async function sweep(): Promise<void> {
    try {
      for await (const { name } of store.list()) await look(name);
    } catch (error) {
      logger.error({ error: errorFields(error) }, 'schedules not looked after');
    }
  }
}

/** False where somebody else was faster. */
async function isMet(write: Promise<void>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof DynDataError && error.code === 'CONFLICT') return false;
    throw error;
  }
}

/** The definition with nothing that is not given. */
function defined({ environment, cron, timeZone, tag, alias, catchUp }: ScheduleDefinition): ScheduleDefinition {
  return { environment, cron, timeZone, tag, catchUp, ...(alias === undefined ? {} : { alias }) };
}
