import { expect, it } from 'vitest';
import { type BuildSnapshot, DynDataError, digestOf, type Job, type JobQueue, type Progress } from '../../core/index.ts';

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

/** A build that goes on when told to: one gate for each call, in order. */
export function gatedBuilds(): { build: BuildSnapshot; started: () => number; finish: (index: number, error?: Error) => void } {
  const gates: { resolve: (result: { digest: string }) => void; reject: (error: unknown) => void }[] = [];
  return {
    build: (_request, { signal }) =>
      new Promise((resolve, reject) => {
        gates.push({ resolve, reject });
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    started: () => gates.length,
    finish: (index, error) => (error ? gates[index]?.reject(error) : gates[index]?.resolve({ digest: someDigest })),
  };
}

/** Holds a job queue to the contract in core/job.ts. */
export function jobQueueContract(open: (build: BuildSnapshot) => JobQueue): void {
  const request = { environment: 'prod', repository: 'dynamease' };
  const untilEnded = async (queue: JobQueue, id: string): Promise<Job[]> => {
    const seen: Job[] = [];
    for await (const job of queue.follow(id)) seen.push(job);
    return seen;
  };
  const last = async (queue: JobQueue, id: string): Promise<Job | undefined> => (await untilEnded(queue, id)).at(-1);

  it('runs a job and remembers its digest', async () => {
    const queue = open(async ({ environment, tag }) => {
      expect({ environment, tag }).toEqual({ environment: 'prod', tag: 'may' });
      return { digest: someDigest };
    });
    const created = await queue.create({ ...request, tag: 'may' });
    expect(created).toMatchObject({ kind: 'build', state: 'queued', environment: 'prod', repository: 'dynamease', tag: 'may' });
    const ended = await last(queue, created.id);
    expect(ended).toMatchObject({ id: created.id, state: 'succeeded', digest: someDigest });
    expect(ended?.startedAt).toBeDefined();
    expect(ended?.endedAt).toBeDefined();
    expect(await queue.get(created.id)).toEqual(ended);
  });

  it('runs one build of an environment at a time and those of others beside it', async () => {
    const gate = gatedBuilds();
    const queue = open(gate.build);
    const first = await queue.create(request);
    const second = await queue.create(request);
    const other = await queue.create({ ...request, environment: 'test' });
    await expect.poll(gate.started).toBe(2);
    expect((await queue.get(second.id)).state).toBe('queued');
    expect((await queue.get(other.id)).state).toBe('running');
    gate.finish(0, new Error('broken'));
    expect((await last(queue, first.id))?.state).toBe('failed');
    await expect.poll(gate.started).toBe(3);
    gate.finish(1);
    gate.finish(2);
    expect((await last(queue, second.id))?.state).toBe('succeeded');
    expect((await last(queue, other.id))?.state).toBe('succeeded');
    expect((await queue.list()).map(({ id }) => id)).toEqual([other.id, second.id, first.id]);
  });

  it('says why a job failed, and nothing of an error that is not its own', async () => {
    const failure = new DynDataError('SOURCE_UNREACHABLE', 'Start the source.', { details: ['mysql'] });
    const own = open(() => Promise.reject(failure));
    const job = await last(own, (await own.create(request)).id);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'SOURCE_UNREACHABLE', detail: 'Start the source.', details: ['mysql'] } });
    const foreign = open(() => Promise.reject(new Error("Duplicate entry 'anna@example.com'")));
    const defect = await last(foreign, (await foreign.create(request)).id);
    expect(defect?.error?.code).toBe('INTERNAL');
    expect(JSON.stringify(defect)).not.toContain('anna');
  });

  it('cancels a running job through its signal, a waiting one at once, an ended one not at all', async () => {
    const gate = gatedBuilds();
    const queue = open(gate.build);
    const running = await queue.create(request);
    const waiting = await queue.create(request);
    await expect.poll(gate.started).toBe(1);
    await queue.cancel(waiting.id);
    expect(await queue.get(waiting.id)).toMatchObject({ state: 'cancelled' });
    await queue.cancel(running.id);
    const ended = await last(queue, running.id);
    expect(ended?.state).toBe('cancelled');
    expect(ended).not.toHaveProperty('error');
    expect(await queue.cancel(running.id)).toEqual(ended);
    const next = await queue.create(request);
    await expect.poll(gate.started).toBe(2);
    gate.finish(1);
    expect((await last(queue, next.id))?.state).toBe('succeeded');
  });

  it('is followed from the current state to the ended one', async () => {
    const gate = gatedBuilds();
    const queue = open(gate.build);
    const job = await queue.create(request);
    await expect.poll(gate.started).toBe(1);
    const following = untilEnded(queue, job.id);
    await new Promise((resolve) => setTimeout(resolve, 20));
    gate.finish(0);
    expect((await following).map(({ state }) => state)).toEqual(['running', 'succeeded']);
    expect((await untilEnded(queue, job.id)).map(({ state }) => state)).toEqual(['succeeded']);
  });

  it('is no longer followed once the follower’s signal fires', async () => {
    const gate = gatedBuilds();
    const queue = open(gate.build);
    const { id } = await queue.create(request);
    const states: string[] = [];
    const signal = AbortSignal.timeout(50);
    for await (const job of queue.follow(id, signal)) states.push(job.state);
    expect(states.at(-1)).toBe('running');
    gate.finish(0);
  });

  it('knows no job it has not made', async () => {
    const queue = open(gatedBuilds().build);
    const unknown = { code: 'JOB_UNKNOWN' };
    await expect(queue.get('none')).rejects.toMatchObject(unknown);
    await expect(queue.cancel('none')).rejects.toMatchObject(unknown);
    await expect(untilEnded(queue, 'none')).rejects.toMatchObject(unknown);
  });
}
