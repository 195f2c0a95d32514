import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Job, JobHandlers } from '../../../core/index.ts';
import { createInProcessQueue, createRetryPolicy } from '../../../registry/jobs/index.ts';
import { createLog } from '../../../registry/log.ts';
import { gatedJobs, handlerWith, jobQueueContract, progressOf, request, someDigest } from '../../contracts/job-queue.ts';

const logLines: string[] = [];
const logger = createLog(
  new Writable({
    write(line, _encoding, done) {
      logLines.push(String(line));
      done();
    },
  }),
);
const retry = createRetryPolicy({ attempts: 3, firstDelayMs: 20, random: () => 0 });
const open = (handlers: JobHandlers, changes: { keptJobs?: number; progressIntervalMs?: number; concurrency?: number } = {}) =>
  createInProcessQueue({ handlers, retry, clock: () => new Date(), newId: randomUUID, logger, ...changes });

describe('jobs in this process', () => {
  jobQueueContract(async (handlers) => open(handlers));

  it('publish progress at a bounded rate and the last report in any case', async () => {
    const queue = open(
      handlerWith(async (_request, { onProgress }) => {
        for (let row = 1; row <= 300; row += 1) {
          onProgress(progressOf(row));
          if (row % 10 === 0) await sleep(10);
        }
        return { digest: someDigest };
      }),
      { progressIntervalMs: 100 },
    );
    const { id } = await queue.create(request);
    const seen: Job[] = [];
    for await (const job of queue.follow(id)) seen.push(job);
    const reports = seen.filter(({ state, progress }) => state === 'running' && progress);
    expect(reports.length).toBeGreaterThanOrEqual(2);
    expect(reports.length).toBeLessThan(15);
    expect(seen.at(-1)?.progress?.rowsDone).toBe(300);
  });

  it('are not changed by progress that comes after their end', async () => {
    let report: (() => void) | undefined;
    const queue = open(
      handlerWith(async (_request, { onProgress }) => {
        report = () => onProgress(progressOf(7));
        return { digest: someDigest };
      }),
    );
    const { id } = await queue.create(request);
    for await (const job of queue.follow(id)) expect(job.id).toBe(id);
    report?.();
    await sleep(20);
    expect((await queue.get(id)).progress).toBeUndefined();
  });

  it('give a slow follower every state and only the latest progress', async () => {
    const rows = 50;
    const seenLatest = Promise.withResolvers<void>();
    const queue = open(
      handlerWith(async (_request, { onProgress }) => {
        for (let row = 1; row <= rows; row += 1) {
          onProgress(progressOf(row));
          await sleep(2);
        }
        await seenLatest.promise;
        return { digest: someDigest };
      }),
      { progressIntervalMs: 1 },
    );
    const { id } = await queue.create(request);
    const seen: Job[] = [];
    for await (const job of queue.follow(id)) {
      seen.push(job);
      // So slow that all is reported meanwhile.
      await expect.poll(async () => (await queue.get(id)).progress?.rowsDone).toBe(rows);
      if (job.progress?.rowsDone === rows) seenLatest.resolve();
    }
    expect(seen.length).toBeLessThan(6);
    expect(seen.at(-1)?.state).toBe('succeeded');
  });

  it('are forgotten when many later ones have ended', async () => {
    const queue = open(
      handlerWith(async () => ({ digest: someDigest })),
      { keptJobs: 3 },
    );
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const { id } = await queue.create(request);
      ids.push(id);
      for await (const job of queue.follow(id)) expect(job.id).toBe(id);
    }
    const listed = await Array.fromAsync(queue.list());
    expect(listed.map(({ id }) => id)).toEqual(ids.slice(2).reverse());
    await expect(queue.get(ids[0] ?? '')).rejects.toMatchObject({ code: 'JOB_UNKNOWN' });
  });

  it('run as many at a time as is allowed', async () => {
    const gate = gatedJobs();
    const queue = open(gate.handlers, { concurrency: 2 });
    for (const environment of ['a', 'b', 'c']) await queue.create({ ...request, environment });
    await expect.poll(gate.started).toBe(2);
    await sleep(30);
    expect(gate.started()).toBe(2);
    gate.finish(0);
    await expect.poll(gate.started).toBe(3);
    await queue.close(1000);
  });

  it('are cancelled when the queue is closed, which waits for them but not for ever', async () => {
    const gate = gatedJobs();
    const queue = open(gate.handlers);
    const { id } = await queue.create(request);
    await expect.poll(gate.started).toBe(1);
    await queue.close(5000);
    expect((await queue.get(id)).state).toBe('cancelled');
    await expect(queue.create(request)).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });

    const stubborn = open(handlerWith(() => new Promise(() => undefined)));
    await stubborn.create(request);
    await stubborn.close(100);
  });

  it('log what failed without the text of foreign errors', async () => {
    const queue = open(
      handlerWith(() => Promise.reject(Object.assign(new Error("Duplicate entry 'anna@example.com'"), { code: 'ER_DUP_ENTRY' }))),
    );
    const { id } = await queue.create(request);
    for await (const job of queue.follow(id)) expect(job.id).toBe(id);
    const text = logLines.join('');
    expect(text).toContain('ER_DUP_ENTRY');
    expect(text).not.toContain('anna');
    logger.info({ password: 'hunter2', source: { password: 'hunter2' }, request: { headers: { authorization: 'hunter2' } } });
    expect(logLines.join('')).not.toContain('hunter2');
  });
});
