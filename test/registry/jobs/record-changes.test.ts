import { describe, expect, it } from 'vitest';
import { DynDataError, type Job } from '../../../core/index.ts';
import { whenBegun, whenEnded, whenFailed, whenHandedBack } from '../../../registry/jobs/redis/record-changes.ts';

const at = '2024-05-01T00:00:00.000Z';
const queued: Job = { id: 'j1', kind: 'build', environment: 'prod', repository: 'shop', state: 'queued', createdAt: at, attempts: 0 };
const running: Job = { ...queued, state: 'running', startedAt: at, attempts: 1 };

describe('the record of a job', () => {
  it('counts a worker that was lost as a failure, and gives up after as many as there are attempts', () => {
    expect(whenBegun({ job: queued, failures: 0 }, 3, at)).toMatchObject({ job: { state: 'running', attempts: 1 }, failures: 0 });
    const again = whenBegun({ job: running, failures: 1 }, 3, at);
    expect(again).toMatchObject({
      job: { state: 'running', attempts: 2 },
      failures: 2,
      log: [{ event: 'worker-lost' }, { event: 'started' }],
    });
    const last = whenBegun({ job: running, failures: 2 }, 3, at);
    expect(last).toMatchObject({
      job: { state: 'failed', error: { code: 'WORKER_LOST' } },
      failures: 3,
      log: [{ event: 'worker-lost' }, { event: 'failed' }],
    });
  });

  it('is never changed once the job has ended', () => {
    const job: Job = { ...running, state: 'succeeded', endedAt: at };
    expect(whenBegun({ job, failures: 0 }, 3, at)).toBeUndefined();
    expect(whenEnded({ job, failures: 0 }, { state: 'cancelled' }, at)).toBeUndefined();
    expect(whenHandedBack({ job, failures: 0 }, at)).toBeUndefined();
  });

  it('of a failure that may pass says when the next attempt is, unless it is to be cancelled or none is left', () => {
    const options = { attempts: 3, waitMs: 10_000, now: new Date(at) };
    const gone = new DynDataError('SOURCE_UNREACHABLE', 'Start it.');
    const record = { job: running, failures: 0, isCancelWanted: false };
    expect(whenFailed(record, gone, options)).toMatchObject({
      job: { state: 'queued', retryAt: '2024-05-01T00:00:10.000Z', error: { code: 'SOURCE_UNREACHABLE' } },
      failures: 1,
    });
    expect(whenFailed({ ...record, failures: 2 }, gone, options)).toMatchObject({ job: { state: 'failed' }, failures: 3 });
    expect(whenFailed({ ...record, isCancelWanted: true }, gone, options).job).toMatchObject({ state: 'cancelled' });
    expect(whenFailed({ ...record, isCancelWanted: true }, gone, options).job).not.toHaveProperty('error');
    const refused = new DynDataError('SOURCE_AUTH_FAILED', 'Correct it.');
    expect(whenFailed(record, refused, options)).toMatchObject({
      job: { state: 'failed' },
      log: [{ event: 'failed', code: 'SOURCE_AUTH_FAILED' }],
    });
  });
});
