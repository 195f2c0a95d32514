import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynDataError, isEnded, type Job, jobSchema, routePath, routes, scheduleViewSchema } from '../../core/index.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { publishImage } from '../support/published-image.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';

let registry: RunningRegistry;
let failure: DynDataError | undefined;
let isHeld = false;

beforeAll(async () => {
  registry = await startRegistry({
    objects: createMemoryObjects(),
    build:
      (ports) =>
      async ({ environment, tag, alias }, { signal }) => {
        if (isHeld) await sleep(60_000, undefined, { signal });
        if (failure) throw failure;
        const image = await publishImage(ports, {
          repository: 'dynamease',
          environment,
          layers: [[{ path: 'snapshot/a', bytes: new Uint8Array(10) }]],
          ...(tag === undefined ? {} : { tag }),
        });
        if (alias !== undefined) await ports.catalog.moveTag('dynamease', alias, image.digest);
        return image;
      },
  });
});
afterAll(() => registry.stop());

const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
  const response = await fetch(`${registry.url}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
};
const endOf = async (id: string): Promise<Job> => {
  await expect.poll(async () => isEnded((await registry.jobs.get(id)).state)).toBe(true);
  return registry.jobs.get(id);
};
const jobPath = (route: keyof typeof routes, id: string): string => routePath(routes[route].path, { id });

describe('jobs', () => {
  it('are made once of a request that is sent twice with its key', async () => {
    const headers = { 'idempotency-key': 'deploy-17' };
    const first = await call('POST', routes.createSnapshot.path, { environment: 'prod', tag: 'once', alias: 'latest' }, headers);
    const second = await call('POST', routes.createSnapshot.path, { environment: 'prod', tag: 'once', alias: 'latest' }, headers);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body.id).toBe(first.body.id);
    const other = await call('POST', routes.createSnapshot.path, { environment: 'prod', tag: 'twice' }, headers);
    expect(other).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_CONFLICT' } });
    const long = await call('POST', routes.createSnapshot.path, { environment: 'prod' }, { 'idempotency-key': 'x'.repeat(201) });
    expect(long).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
    expect((await endOf(first.body.id)).state).toBe('succeeded');
  });

  it('verify what is stored', async () => {
    const answer = await call('POST', routes.createJob.path, { kind: 'verify', repository: 'dynamease' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(jobPath('showJob', answer.body.id));
    expect(await endOf(jobSchema.parse(answer.body).id)).toMatchObject({ state: 'succeeded', kind: 'verify' });
    expect(await call('POST', routes.createJob.path, { kind: 'build', repository: 'dynamease' })).toMatchObject({ status: 400 });
    expect(await call('POST', routes.createJob.path, { kind: 'verify', repository: '../etc' })).toMatchObject({ status: 400 });
    expect(await call('POST', routes.createJob.path, { kind: 'verify', repository: 'nowhere' })).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND', detail: expect.stringContaining('no repository "nowhere"') },
    });
  });

  it('are found by state, kind and environment', async () => {
    const list = async (query: string) => routes.listJobs.answer.parse((await call('GET', `${routes.listJobs.path}?${query}`)).body).items;
    expect((await list('kind=verify')).every(({ kind }) => kind === 'verify')).toBe(true);
    expect((await list('kind=verify')).length).toBe(1);
    expect(await list('environment=nowhere')).toEqual([]);
    expect((await list('state=succeeded&environment=prod&kind=build')).length).toBe(1);
    for (const query of ['state=lost', 'kind=none', 'state=failed&state=queued', 'colour=red']) {
      expect(await call('GET', `${routes.listJobs.path}?${query}`)).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
    }
  });

  it('that failed are told about, and tried again', async () => {
    failure = new DynDataError('SOURCE_AUTH_FAILED', 'Correct the password.');
    const { body } = await call('POST', routes.createSnapshot.path, { environment: 'prod' });
    expect((await endOf(body.id)).error?.code).toBe('SOURCE_AUTH_FAILED');
    failure = undefined;
    const log = routes.jobLog.answer.parse((await call('GET', jobPath('jobLog', body.id))).body);
    expect(log.items.map(({ event, code }) => [event, code])).toEqual([
      ['created', undefined],
      ['started', undefined],
      ['failed', 'SOURCE_AUTH_FAILED'],
    ]);
    const page = routes.jobLog.answer.parse((await call('GET', `${jobPath('jobLog', body.id)}?limit=2`)).body);
    expect(page.items).toHaveLength(2);
    const rest = routes.jobLog.answer.parse((await call('GET', `${jobPath('jobLog', body.id)}?after=${page.next}`)).body);
    expect(rest.items.map(({ event }) => event)).toEqual(['failed']);
    const again = await call('POST', jobPath('retryJob', body.id));
    expect(again).toMatchObject({ status: 202, body: { retryOf: body.id } });
    expect((await endOf(again.body.id)).state).toBe('succeeded');
    expect(await call('POST', jobPath('retryJob', again.body.id))).toMatchObject({ status: 409, body: { code: 'JOB_NOT_RETRYABLE' } });
    expect(await call('GET', jobPath('jobLog', 'none'))).toMatchObject({ status: 404, body: { code: 'JOB_UNKNOWN' } });
    expect(await call('GET', `${jobPath('jobLog', body.id)}?after=x`)).toMatchObject({ status: 400 });
  });
});

describe('schedules', () => {
  const definition = {
    environment: 'prod',
    cron: '30 2 * * *',
    timeZone: 'Europe/Paris',
    tag: 'prod-{yyyy}-{MM}-{dd}',
    alias: 'prod-latest',
  };
  const path = (route: keyof typeof routes, name = 'nightly'): string => routePath(routes[route].path, { name });

  it('are made, shown, changed, paused, resumed, run and removed', async () => {
    const created = await call('POST', routes.createSchedule.path, { name: 'nightly', ...definition });
    expect(created).toMatchObject({ status: 201, body: { name: 'nightly', enabled: true, catchUp: false } });
    expect(created.headers.get('location')).toBe(path('showSchedule'));
    expect(scheduleViewSchema.parse((await call('GET', path('showSchedule'))).body).next).toHaveLength(5);
    await call('POST', routes.createSchedule.path, { name: 'weekly', ...definition, cron: '0 4 * * 0' });
    const page = routes.listSchedules.answer.parse((await call('GET', `${routes.listSchedules.path}?limit=1`)).body);
    expect(page).toMatchObject({ items: [{ name: 'nightly' }], next: 'nightly' });
    const rest = routes.listSchedules.answer.parse((await call('GET', `${routes.listSchedules.path}?after=nightly`)).body);
    expect(rest.items.map(({ name }) => name)).toEqual(['weekly']);
    expect(await call('PUT', path('updateSchedule'), { ...definition, cron: '0 3 * * *' })).toMatchObject({
      status: 200,
      body: { cron: '0 3 * * *' },
    });
    expect(await call('POST', path('pauseSchedule'))).toMatchObject({ status: 200, body: { enabled: false, next: [] } });
    expect(await call('POST', path('resumeSchedule'))).toMatchObject({ status: 200, body: { enabled: true } });
    const run = await call('POST', path('runSchedule'));
    expect(run).toMatchObject({ status: 202, body: { alias: 'prod-latest', schedule: { name: 'nightly' } } });
    expect(await endOf(run.body.id)).toMatchObject({ state: 'succeeded' });
    expect((await registry.catalog.tag('dynamease', run.body.tag))?.digest).toBe(
      (await registry.catalog.tag('dynamease', 'prod-latest'))?.digest,
    );
    expect(await call('DELETE', path('removeSchedule'))).toMatchObject({ status: 204 });
    expect(await call('GET', path('showSchedule'))).toMatchObject({ status: 404, body: { code: 'SCHEDULE_UNKNOWN' } });
  });

  it('say what is wrong with them', async () => {
    const create = (changes: Record<string, unknown>) =>
      call('POST', routes.createSchedule.path, { name: 'wrong', ...definition, ...changes });
    expect(await create({ cron: 'at night' })).toMatchObject({ status: 422, body: { code: 'SCHEDULE_INVALID' } });
    expect(await create({ tag: 'prod-{week}' })).toMatchObject({
      status: 400,
      body: { code: 'REQUEST_INVALID', details: [expect.stringContaining('{yyyy}')] },
    });
    expect(await create({ environment: 'nowhere' })).toMatchObject({ status: 404, body: { code: 'ENVIRONMENT_UNKNOWN' } });
    expect(await create({ name: 'Not A Name' })).toMatchObject({ status: 400 });
    expect(await create({ name: 'weekly' })).toMatchObject({ status: 409, body: { code: 'SCHEDULE_EXISTS' } });
    for (const name of ['..%2F..%2Ftags', 'none', '%00']) {
      expect((await call('GET', routes.showSchedule.path.replace('{name}', name))).status, name).toBe(404);
    }
  });

  it('are counted, as jobs and requests are', async () => {
    isHeld = true;
    const { body } = await call('POST', routes.createSnapshot.path, { environment: 'test' });
    await expect.poll(async () => (await registry.jobs.get(body.id)).state).toBe('running');
    const text = await (await fetch(`${registry.url}/metrics`)).text();
    isHeld = false;
    await registry.jobs.cancel(body.id);
    expect(text).toContain('dyn_data_jobs{kind="build",state="running"} 1');
    expect(text).toContain('dyn_data_jobs{kind="collect",state="running"} 0');
    expect(text).toMatch(/dyn_data_job_duration_seconds_count\{kind="verify",state="succeeded"\} 1/);
    expect(text).toMatch(/dyn_data_http_requests_total\{method="POST",route="\/api\/v1\/schedules\/\{name\}\/pause",status="200"\} 1/);
    await fetch(`${registry.url}/v2/some/unknown/name/manifests/latest`);
    await fetch(`${registry.url}/a-path-of-somebody`);
    const after = await (await fetch(`${registry.url}/metrics`)).text();
    expect(after).toMatch(/route="\/v2\/\{name\}\/manifests",status="404"\} 1/);
    expect(after).toMatch(/route="other",status="404"\} 1/);
    expect(after).not.toContain('somebody');
  });
});
