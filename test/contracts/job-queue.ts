import { expect, it } from 'vitest';
import {
  DynDataError,
  digestOf,
  isEnded,
  type Job,
  type JobHandler,
  type JobHandlers,
  type JobHooks,
  type JobQueue,
  type JobRequest,
  type Progress,
} from '../../core/index.ts';

export const someDigest = digestOf('a built image');

export const progressOf = (rowsDone: number): Progress => ({
  step: 'extract',
  current: 'mysql/user',
  tablesDone: 0,
  tablesTotal: 1,
  rowsDone,
  rowsEstimated: 100,
  bytesDone: rowsDone * 10,
});

/** A handler whose jobs use their environment alone, as builds do their sources. */
export const handlerWith = (run: JobHandler['run']): JobHandlers => ({
  build: { resources: ({ environment = '' }) => environment.split('+').map((source) => `source ${source}`), run },
  verify: { resources: () => [], run },
});

/** Jobs that go on when told to: one gate for each attempt, in order. */
export function gatedJobs() {
  const gates: { request: JobRequest; resolve: (outcome: { digest: string }) => void; reject: (error: unknown) => void }[] = [];
  return {
    handlers: handlerWith(
      (request, { signal }) =>
        new Promise((resolve, reject) => {
          gates.push({ request, resolve, reject });
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
    ),
    started: () => gates.length,
    requests: () => gates.map(({ request }) => request),
    finish: (index: number, error?: Error) => (error ? gates[index]?.reject(error) : gates[index]?.resolve({ digest: someDigest })),
  };
}

export const request: JobRequest = { kind: 'build', environment: 'prod', repository: 'dynamease' };

export async function untilEnded(queue: JobQueue, id: string): Promise<Job[]> {
  const seen: Job[] = [];
  for await (const job of queue.follow(id)) seen.push(job);
  return seen;
}
export const lastOf = async (queue: JobQueue, id: string): Promise<Job | undefined> => (await untilEnded(queue, id)).at(-1);

/**
 * Holds a job queue to the contract in core/job.ts.
 * @param open a queue and whoever does its jobs, with three attempts and pauses of some milliseconds; what it opens ends with the test
 */
export function jobQueueContract(open: (handlers: JobHandlers) => Promise<JobQueue>): void {
  it('runs a job and remembers its digest', async () => {
    const asked: JobRequest[] = [];
    const queue = await open(
      handlerWith(async (wanted) => {
        asked.push(wanted);
        return { digest: someDigest };
      }),
    );
    const created = await queue.create({ ...request, tag: 'may', alias: 'latest' });
    expect(created).toMatchObject({ ...request, tag: 'may', alias: 'latest', state: 'queued', attempts: 0 });
    const ended = await lastOf(queue, created.id);
    expect(ended).toMatchObject({ id: created.id, state: 'succeeded', digest: someDigest, attempts: 1 });
    expect(ended?.startedAt).toBeDefined();
    expect(ended?.endedAt).toBeDefined();
    expect(await queue.get(created.id)).toEqual(ended);
    expect(asked).toEqual([{ ...request, tag: 'may', alias: 'latest' }]);
  });

  it('remembers whether a job was to remove anything, what it told of itself and what it did', async () => {
    const counts = { count: 2, sizeBytes: 20 };
    const none = { count: 0, sizeBytes: 0 };
    const collected = { step: 'sweep', manifests: 3, kinds: { blobs: { kept: counts, waiting: none, removed: counts } } } as const;
    const retained = { plan: someDigest, kept: 1, removed: [someDigest], held: [] };
    const asked: JobRequest[] = [];
    const queue = await open({
      ...handlerWith(async () => ({})),
      collect: {
        resources: () => ['collect'],
        async run(wanted, { onCollected }) {
          asked.push(wanted);
          onCollected({ ...collected, step: 'look' });
          if (asked.length === 1) throw new DynDataError('STORAGE_UNREACHABLE', 'The storage is away.');
          return { collected };
        },
      },
      retention: {
        resources: () => [],
        async run(wanted) {
          asked.push(wanted);
          return { retained };
        },
      },
    });
    const collect = await queue.create({ kind: 'collect', dryRun: true });
    expect(await lastOf(queue, collect.id)).toMatchObject({ state: 'succeeded', dryRun: true, attempts: 2, collected });
    const wanted = { kind: 'retention', environment: 'prod', repository: 'dynamease', dryRun: false, plan: someDigest } as const;
    const retention = await queue.create(wanted);
    expect(await lastOf(queue, retention.id)).toMatchObject({ ...wanted, state: 'succeeded', retained });
    expect(asked).toEqual([{ kind: 'collect', dryRun: true }, { kind: 'collect', dryRun: true }, wanted]);
  });

  it('refuses a kind of job that nobody does', async () => {
    const queue = await open(gatedJobs().handlers);
    await expect(queue.create({ kind: 'collect' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('runs jobs that share a resource one after another, in the order of their creation, and others beside them', async () => {
    const gate = gatedJobs();
    const queue = await open(gate.handlers);
    const first = await queue.create({ ...request, environment: 'a' });
    await expect.poll(gate.started).toBe(1);
    const both = await queue.create({ ...request, environment: 'a+b' });
    await expect.poll(async () => (await eventsOf(queue, both.id)).length).toBeGreaterThan(0);
    await pause(700);
    const second = await queue.create({ ...request, environment: 'b' });
    const other = await queue.create({ ...request, environment: 'c' });
    await expect.poll(gate.started, { timeout: 5000 }).toBe(2);
    // `b` is free, but an older job waits for it.
    expect(gate.requests().at(-1)?.environment).toBe('c');
    expect((await queue.get(both.id)).state).toBe('queued');
    expect((await queue.get(second.id)).state).toBe('queued');
    gate.finish(0, new Error('broken'));
    expect((await lastOf(queue, first.id))?.state).toBe('failed');
    await expect.poll(gate.started, { timeout: 5000 }).toBe(3);
    expect(gate.requests().at(-1)?.environment).toBe('a+b');
    await pause(700);
    expect(gate.started()).toBe(3);
    gate.finish(2);
    await expect.poll(gate.started, { timeout: 5000 }).toBe(4);
    gate.finish(1);
    gate.finish(3);
    for (const { id } of [both, second, other]) expect(await lastOf(queue, id)).toMatchObject({ state: 'succeeded', attempts: 1 });
    expect(await eventsOf(queue, both.id)).toEqual(['created', 'waiting', 'started', 'succeeded']);
    expect(await eventsOf(queue, other.id)).not.toContain('waiting');
  });

  it('says why a job failed, and nothing of an error that is not its own', async () => {
    const failure = new DynDataError('SOURCE_AUTH_FAILED', 'Correct the password.', { details: ['mysql'] });
    const own = await open(handlerWith(() => Promise.reject(failure)));
    const job = await lastOf(own, (await own.create(request)).id);
    expect(job).toMatchObject({ state: 'failed', attempts: 1 });
    expect(job?.error).toEqual({ code: 'SOURCE_AUTH_FAILED', detail: 'Correct the password.', details: ['mysql'] });
    const foreign = await open(handlerWith(() => Promise.reject(new Error("Duplicate entry 'anna@example.com'"))));
    const { id } = await foreign.create(request);
    const defect = await lastOf(foreign, id);
    expect(defect?.error?.code).toBe('INTERNAL');
    expect(JSON.stringify([defect, await eventsOf(foreign, id)])).not.toContain('anna');
  });

  it('tries again what may pass, and only that, and not for ever', async () => {
    let attempts = 0;
    const gone = new DynDataError('SOURCE_UNREACHABLE', 'Start the source.');
    const passing = await open(
      handlerWith(async () => {
        attempts += 1;
        if (attempts < 3) throw gone;
        return { digest: someDigest };
      }),
    );
    const { id } = await passing.create(request);
    const seen = await untilEnded(passing, id);
    expect(seen.at(-1)).toMatchObject({ state: 'succeeded', attempts: 3 });
    expect(seen.at(-1)).not.toHaveProperty('error');
    expect(seen.at(-1)).not.toHaveProperty('retryAt');
    const waiting = seen.find(({ state, retryAt }) => state === 'queued' && retryAt !== undefined);
    expect(waiting?.error?.code).toBe('SOURCE_UNREACHABLE');
    const events = await eventsOf(passing, id);
    expect(events.filter((event) => event === 'retrying')).toHaveLength(2);

    const lasting = await open(handlerWith(() => Promise.reject(gone)));
    const last = await lastOf(lasting, (await lasting.create(request)).id);
    expect(last).toMatchObject({ state: 'failed', attempts: 3, error: { code: 'SOURCE_UNREACHABLE' } });
  });

  it('cancels a running job through its signal, a waiting one at once, an ended one not at all', async () => {
    const gate = gatedJobs();
    const queue = await open(gate.handlers);
    const running = await queue.create(request);
    await expect.poll(gate.started).toBe(1);
    const waiting = await queue.create(request);
    await queue.cancel(waiting.id);
    expect(await queue.get(waiting.id)).toMatchObject({ state: 'cancelled' });
    expect((await lastOf(queue, waiting.id))?.state).toBe('cancelled');
    await queue.cancel(running.id);
    const ended = await lastOf(queue, running.id);
    expect(ended?.state).toBe('cancelled');
    expect(ended).not.toHaveProperty('error');
    expect(await queue.cancel(running.id)).toEqual(ended);
    const next = await queue.create(request);
    await expect.poll(gate.started, { timeout: 5000 }).toBe(2);
    gate.finish(1);
    expect((await lastOf(queue, next.id))?.state).toBe('succeeded');
  });

  it('cancels a job that waits for its next attempt', async () => {
    const queue = await open(handlerWith(() => Promise.reject(new DynDataError('SOURCE_UNREACHABLE', 'Start it.'))));
    const { id } = await queue.create(request);
    for await (const job of queue.follow(id)) if (job.retryAt !== undefined) break;
    await queue.cancel(id);
    expect(await lastOf(queue, id)).toMatchObject({ state: 'cancelled' });
  });

  it('runs a failed job again as a new one', async () => {
    const gate = gatedJobs();
    const queue = await open(gate.handlers);
    const first = await queue.create({ ...request, tag: 'may' });
    await expect(queue.retry(first.id)).rejects.toMatchObject({ code: 'JOB_NOT_RETRYABLE' });
    await expect.poll(gate.started).toBe(1);
    gate.finish(0, new Error('broken'));
    await lastOf(queue, first.id);
    const again = await queue.retry(first.id, { idempotencyKey: 'again' });
    expect(again).toMatchObject({ ...request, tag: 'may', retryOf: first.id });
    expect(again.id).not.toBe(first.id);
    expect((await queue.retry(first.id, { idempotencyKey: 'again' })).id).toBe(again.id);
    await expect.poll(gate.started, { timeout: 5000 }).toBe(2);
    gate.finish(1);
    expect((await lastOf(queue, again.id))?.state).toBe('succeeded');
    await expect(queue.retry(again.id)).rejects.toMatchObject({ code: 'JOB_NOT_RETRYABLE' });
  });

  it('makes one job of a request that is sent again with its idempotency key', async () => {
    const gate = gatedJobs();
    const queue = await open(gate.handlers);
    const options = { idempotencyKey: 'monday' };
    const all = await Promise.all([1, 2, 3, 4].map(() => queue.create(request, options)));
    expect(new Set(all.map(({ id }) => id)).size).toBe(1);
    await expect(queue.create({ ...request, tag: 'other' }, options)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    await expect.poll(gate.started).toBe(1);
    gate.finish(0);
    const ended = await lastOf(queue, all[0]?.id ?? '');
    expect(await queue.create(request, options)).toEqual(ended);
    expect(gate.started()).toBe(1);
    const other = await queue.create(request, { idempotencyKey: 'tuesday' });
    expect(other.id).not.toBe(ended?.id);
  });

  it('is followed from the current state to the ended one', async () => {
    const gate = gatedJobs();
    const queue = await open(gate.handlers);
    const job = await queue.create(request);
    await expect.poll(gate.started).toBe(1);
    const following = untilEnded(queue, job.id);
    await pause(50);
    gate.finish(0);
    expect((await following).map(({ state }) => state)).toEqual(['running', 'succeeded']);
    expect((await untilEnded(queue, job.id)).map(({ state }) => state)).toEqual(['succeeded']);
  });

  it('is no longer followed once the follower’s signal fires', async () => {
    const gate = gatedJobs();
    const queue = await open(gate.handlers);
    const { id } = await queue.create(request);
    await expect.poll(gate.started).toBe(1);
    const states: string[] = [];
    const signal = AbortSignal.timeout(100);
    for await (const job of queue.follow(id, signal)) states.push(job.state);
    expect(states.at(-1)).toBe('running');
    gate.finish(0);
    await lastOf(queue, id);
  });

  it('publishes progress, the last report in any case, and logs each step', async () => {
    const queue = await open(
      handlerWith(async (_request, { onProgress, onEvent }: JobHooks) => {
        onProgress({ ...progressOf(0), step: 'connect' });
        for (let row = 1; row <= 100; row += 1) onProgress(progressOf(row));
        onEvent({ event: 'alias-kept', detail: 'A newer snapshot has it.' });
        return { digest: someDigest };
      }),
    );
    const { id } = await queue.create(request);
    expect((await lastOf(queue, id))?.progress?.rowsDone).toBe(100);
    await expect
      .poll(() => eventsOf(queue, id))
      .toEqual(['created', 'started', 'step connect', 'step extract', 'alias-kept A newer snapshot has it.', 'succeeded']);
    const entries = await logOf(queue, id);
    expect(entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await logOf(queue, id, 4)).map(({ sequence }) => sequence)).toEqual([5, 6]);
  });

  it('lists the newest first, by filter and below a job, and counts', async () => {
    const gate = gatedJobs();
    const queue = await open(gate.handlers);
    const a = await queue.create({ ...request, environment: 'a' });
    const b = await queue.create({ ...request, environment: 'b' });
    const c = await queue.create({ kind: 'verify', repository: 'dynamease' });
    await expect.poll(gate.started).toBe(3);
    const ids = async (options?: Parameters<JobQueue['list']>[0]): Promise<string[]> => {
      const found: string[] = [];
      for await (const { id } of queue.list(options)) found.push(id);
      return found;
    };
    expect(await ids()).toEqual([c.id, b.id, a.id]);
    expect(await ids({ after: c.id })).toEqual([b.id, a.id]);
    expect(await ids({ kind: 'verify' })).toEqual([c.id]);
    expect(await ids({ environment: 'a' })).toEqual([a.id]);
    expect(await ids({ after: 'none' })).toEqual([]);
    const index = gate.requests().findIndex(({ environment }) => environment === 'a');
    gate.finish(index);
    expect(isEnded((await lastOf(queue, a.id))?.state ?? 'queued')).toBe(true);
    expect(await ids({ state: 'succeeded' })).toEqual([a.id]);
    const counts = await queue.counts();
    expect(counts).toContainEqual({ kind: 'build', state: 'succeeded', count: 1 });
    expect(counts).toContainEqual({ kind: 'verify', state: 'running', count: 1 });
  });

  it('knows no job it has not made', async () => {
    const queue = await open(gatedJobs().handlers);
    const unknown = { code: 'JOB_UNKNOWN' };
    await expect(queue.get('none')).rejects.toMatchObject(unknown);
    await expect(queue.cancel('none')).rejects.toMatchObject(unknown);
    await expect(queue.retry('none')).rejects.toMatchObject(unknown);
    await expect(untilEnded(queue, 'none')).rejects.toMatchObject(unknown);
    await expect(logOf(queue, 'none')).rejects.toMatchObject(unknown);
  });
}

export async function logOf(queue: JobQueue, id: string, after?: number) {
  const entries = [];
  for await (const entry of queue.log(id, after === undefined ? {} : { after })) entries.push(entry);
  return entries;
}

async function eventsOf(queue: JobQueue, id: string): Promise<string[]> {
  return (await logOf(queue, id)).map(({ event, detail }) => (detail === undefined || event === 'retrying' ? event : `${event} ${detail}`));
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
