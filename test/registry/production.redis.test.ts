import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Job, routePath, routes } from '../../core/index.ts';
import { createBuild, endOf, jobOf, type Member, openProduction, overlaps, type Production } from '../support/production.ts';
import { describeWithRedis } from '../support/redis-server.ts';

const stageMs = 60;
const startingMs = 120_000;

describeWithRedis('two registries and two builders', () => {
  let production: Production;
  let registries: Member[];
  let builders: Member[];
  const url = (replica: number): string => registries[replica]?.url ?? '';

  beforeAll(async () => {
    production = await openProduction({ leaseSeconds: 20 });
    [registries, builders] = await Promise.all([
      Promise.all([production.startRegistry(), production.startRegistry()]),
      Promise.all([production.startBuilder(stageMs), production.startBuilder(stageMs)]),
    ]);
  }, startingMs);
  afterAll(async () => {
    await production?.[Symbol.asyncDispose]();
  });

  it('do 20 builds over 4 sources that are queued at once, no source read by two', async () => {
    const environments = ['a', 'b', 'c', 'd', 'ab', 'bcd'];
    const wanted = Array.from({ length: 20 }, (_none, index) => environments[index % environments.length] ?? '');
    const jobs = await Promise.all(wanted.map((environment, index) => createBuild(url(index % 2), environment, `tag-${index}`)));
    const ended: Job[] = [];
    for (const [index, { id }] of jobs.entries()) ended.push(await endOf(url((index + 1) % 2), id, 110_000));
    expect(ended.map(({ state, attempts, error }) => ({ state, attempts, error }))).toEqual(
      jobs.map(() => ({ state: 'succeeded', attempts: 1, error: undefined })),
    );
    const lines = await production.witnessed();
    expect(lines.filter(({ event }) => event === 'begin')).toHaveLength(20);
    expect(overlaps(lines)).toEqual([]);
    expect(new Set(lines.map(({ pid }) => pid))).toEqual(new Set(builders.map(({ pid }) => pid)));
    // Beside each other they did read: else one after another would pass as well.
    let open = 0;
    let most = 0;
    for (const { event } of lines) {
      open += event === 'begin' ? 1 : event === 'end' ? -1 : 0;
      most = Math.max(most, open);
    }
    expect(most).toBeGreaterThan(1);
    const list = routes.listJobs.answer.parse(
      await (await fetch(`${url(0)}${routes.listJobs.path}?state=succeeded&environment=ab`)).json(),
    );
    expect(list.items).toHaveLength(wanted.filter((environment) => environment === 'ab').length);
  });

  it('cancel a build that runs on another machine within seconds, and nothing of it is visible', async () => {
    const { id } = await createBuild(url(0), 'a', 'never');
    await expect.poll(async () => (await jobOf(url(1), id)).state, { interval: 20 }).toBe('running');
    const answer = await fetch(`${url(1)}${routePath(routes.cancelJob.path, { id })}`, { method: 'POST' });
    expect(answer.status).toBe(202);
    expect(await endOf(url(0), id)).toMatchObject({ state: 'cancelled' });
    const tag = await fetch(`${url(0)}${routePath(routes.showTag.path, { repository: 'team/a', tag: 'never' })}`);
    expect(tag.status).toBe(404);
  });

  it('tell of their health, and give metrics with few labels', async () => {
    for (const member of [...registries, ...builders]) {
      expect((await fetch(`${member.url}/healthz`)).status).toBe(200);
      expect((await fetch(`${member.url}/readyz`)).status).toBe(200);
    }
    const text = await (await fetch(`${url(0)}/metrics`)).text();
    expect(text).toContain('dyn_data_jobs{kind="build",state="succeeded"} 20');
    expect(text).toMatch(/dyn_data_http_requests_total\{method="GET",route="\/api\/v1\/jobs\/\{id\}",status="200"\} \d+/);
    expect(text).not.toContain('team/a');
    const durations = await Promise.all(builders.map(async (builder) => (await fetch(`${builder.url}/metrics`)).text()));
    const counted = durations.map((page) =>
      Number(/dyn_data_job_duration_seconds_count\{kind="build",state="succeeded"\} (\d+)/.exec(page)?.[1] ?? 0),
    );
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(20);
  });

  it('outlast a Redis that is killed and comes back, with builds running and waiting', async () => {
    const before = (await production.witnessed()).length;
    const jobs = await Promise.all(['a', 'a', 'b', 'ab', 'c', 'd'].map((environment) => createBuild(url(0), environment)));
    await expect.poll(async () => (await production.witnessed()).length, { interval: 20 }).toBeGreaterThan(before);
    await production.redis.kill();
    await sleep(700);
    const ready = await fetch(`${url(0)}/readyz`);
    expect(ready.status).toBe(503);
    await production.redis.start();
    const ended = await Promise.all(jobs.map(({ id }) => endOf(url(1), id, 90_000)));
    expect(ended.map(({ state }) => state)).toEqual(jobs.map(() => 'succeeded'));
    expect(overlaps(await production.witnessed())).toEqual([]);
  });
});
