import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Route, routePath, routes } from '../../core/index.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { type GuardedRegistry, places, routeNames, startGuardedRegistry } from '../support/guarded-registry.ts';
import { rawRequest } from '../support/raw-http.ts';
import { createRouteRequests, type RouteRequests } from '../support/route-requests.ts';

/** Two replicas over one store. */
const replicas: GuardedRegistry[] = [];
let requests: RouteRequests;
let token = '';
beforeAll(async () => {
  const objects = createMemoryObjects();
  for (let replica = 0; replica < 2; replica += 1) replicas.push(await startGuardedRegistry(objects));
  requests = createRouteRequests(first());
  token = (await first().issue('admin', ['*'])).text;
});
afterAll(async () => {
  for (const replica of replicas) await replica.stop();
});

function first(): GuardedRegistry {
  const [replica] = replicas;
  if (!replica) throw new Error('No registry runs');
  return replica;
}

/** The replica that is asked is now one, now the other. */
let asked = 0;
const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: object) => {
  asked += 1;
  return (replicas[asked % replicas.length] ?? first()).ask(method, path, { token, headers, body });
};
/** Jobs are each replica's own here. */
const askFirst = (method: string, path: string, headers: Record<string, string>, body: object | undefined) =>
  first().ask(method, path, { token, headers, body });
const etagOf = async (path: string): Promise<string> => (await ask('GET', path)).headers.get('etag') ?? '';
const failed = { status: 412, body: { code: 'PRECONDITION_FAILED', status: 412 } };

const [place] = places;
const of = (name: (typeof routeNames)[number]): Route => routes[name];
const changing = routeNames.filter((name) => of(name).method !== 'GET');
const conditional = changing.filter((name) => of(name).conditions !== undefined);

describe('a condition', () => {
  it.each(conditional)('of %s that does not hold stops the change; without it, it is made', async (name) => {
    const { path, body } = await requests.requestOf(name, place);
    const stale = { 'if-match': `"${Buffer.from('long ago').toString('base64url')}"` };
    expect(await askFirst(of(name).method, path, stale, body)).toMatchObject(failed);
    expect(await askFirst(of(name).method, path, { 'if-match': 'W/"x", "y"' }, body)).toMatchObject(failed);
    if (of(name).conditions?.includes('If-None-Match')) {
      expect(await askFirst(of(name).method, path, { 'if-none-match': '*' }, body)).toMatchObject(failed);
      expect(await askFirst(of(name).method, path, { 'if-none-match': '"x"' }, body)).toMatchObject({ status: 400 });
    }
    expect((await askFirst(of(name).method, path, {}, body)).status).toBe(of(name).status);
  });

  it.each(changing.filter((name) => !conditional.includes(name)))('is refused by %s, which would not keep it', async (name) => {
    const { path, body } = await requests.requestOf(name, place);
    for (const header of ['if-match', 'if-none-match']) {
      const answer = await askFirst(of(name).method, path, { [header]: '*' }, body);
      expect(answer, header).toMatchObject({
        status: 400,
        body: { code: 'REQUEST_INVALID', detail: expect.stringMatching(/takes no If-/) },
      });
    }
  });

  it('is asked for of whatever can be replaced or removed by its name', () => {
    const byName = changing.filter((name) => ['PUT', 'DELETE'].includes(of(name).method));
    // A pin is never another one under its id.
    expect(byName.filter((name) => !conditional.includes(name))).toEqual(['unpinSnapshot']);
  });
});

describe('a schedule', () => {
  const pathOf = (name: string) => routePath(routes.showSchedule.path, { name });
  const definition = { environment: 'prod', cron: '0 3 * * *', timeZone: 'Europe/Paris', tag: 'prod-{yyyy}', catchUp: false };

  it('that two operators edit stays as the first of them made it', async () => {
    const path = pathOf(await requests.newSchedule(place));
    const [one, two] = [await etagOf(path), await etagOf(path)];
    const changed = await ask('PUT', path, { 'if-match': one }, { ...definition, cron: '0 4 * * *' });
    expect(changed).toMatchObject({ status: 200, body: { cron: '0 4 * * *' } });
    expect(await ask('PUT', path, { 'if-match': two }, { ...definition, cron: '0 5 * * *' })).toMatchObject(failed);
    for (const action of ['pause', 'resume']) expect(await ask('POST', `${path}/${action}`, { 'if-match': two })).toMatchObject(failed);
    expect(await ask('DELETE', path, { 'if-match': two })).toMatchObject(failed);
    expect(await ask('GET', path)).toMatchObject({ body: { cron: '0 4 * * *', enabled: true } });
    // The answer to a change has the ETag for the next one.
    const paused = await ask('POST', `${path}/pause`, { 'if-match': changed.headers.get('etag') ?? '' });
    expect(paused).toMatchObject({ status: 200, body: { enabled: false } });
    expect((await ask('DELETE', path, { 'if-match': paused.headers.get('etag') ?? '' })).status).toBe(204);
    expect(await ask('PUT', path, { 'if-match': one }, definition)).toMatchObject({ status: 404, body: { code: 'SCHEDULE_UNKNOWN' } });
  });

  it('that many change at once is changed by one of them', async () => {
    const path = pathOf(await requests.newSchedule(place));
    const etag = await etagOf(path);
    const crons = Array.from({ length: 8 }, (_nothing, hour) => `15 ${hour} * * *`);
    const answers = await Promise.all(crons.map((cron) => ask('PUT', path, { 'if-match': etag }, { ...definition, cron })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 412)]);
    const winner = crons[answers.findIndex(({ status }) => status === 200)];
    expect((await ask('GET', path)).body).toMatchObject({ cron: winner });
  });

  it('has an ETag by which caches see what goes on by itself, though conditions do not', async () => {
    const path = pathOf(await requests.newSchedule(place));
    const etag = await etagOf(path);
    // Not by fetch, which would add that no cache may answer.
    const known = { headers: { authorization: `Bearer ${token}`, 'if-none-match': etag } };
    expect((await rawRequest(first().port, path, known)).status).toBe(304);
    const sameVersion = `"${etag.slice(1).split('.')[0]}.${'0'.repeat(64)}"`;
    const other = { headers: { ...known.headers, 'if-none-match': sameVersion } };
    expect((await rawRequest(first().port, path, other)).status).toBe(200);
    expect((await ask('PUT', path, { 'if-match': sameVersion }, definition)).status).toBe(200);
  });
});

describe('a tag', () => {
  const pathOf = (tag: string) => routePath(routes.showTag.path, { repository: place.repository, tag });

  it('is removed only where it is still what was read', async () => {
    const path = pathOf('moved');
    const body = { digest: first().digests[place.repository] };
    const old = (await ask('PUT', path, { 'if-none-match': '*' }, body)).headers.get('etag') ?? '';
    const etag = (await ask('PUT', path, { 'if-match': old }, body)).headers.get('etag') ?? '';
    expect(await ask('DELETE', path, { 'if-match': old })).toMatchObject(failed);
    expect((await ask('GET', path)).status).toBe(200);
    expect((await ask('DELETE', path, { 'if-match': etag })).status).toBe(204);
    expect(await ask('DELETE', path, { 'if-match': etag })).toMatchObject(failed);
  });

  it('that one replica removes and the other moves at once is changed by one of them', async () => {
    const path = pathOf('contested');
    const body = { digest: first().digests[place.repository] };
    for (let round = 0; round < 5; round += 1) {
      const etag = (await ask('PUT', path, { 'if-none-match': '*' }, body)).headers.get('etag') ?? '';
      const [removed, moved] = await Promise.all([ask('DELETE', path, { 'if-match': etag }), ask('PUT', path, { 'if-match': etag }, body)]);
      expect([removed.status, moved.status]).toEqual(removed.status === 204 ? [204, 412] : [412, 200]);
      expect((await ask('GET', path)).status).toBe(removed.status === 204 ? 404 : 200);
      await ask('DELETE', path);
    }
  });
});

describe('a token', () => {
  it('is rotated and revoked only where it is still what was read', async () => {
    const path = routePath(routes.showToken.path, { token: (await first().issue('reader', ['x'])).id });
    const etag = await etagOf(path);
    const rotate = () => ask('POST', `${path}/rotation`, { 'if-match': etag, 'idempotency-key': path }, { overlapSeconds: 60 });
    const rotations = await Promise.all([rotate(), ask('POST', `${path}/rotation`, { 'if-match': etag }, { overlapSeconds: 60 })]);
    expect(rotations.map(({ status }) => status).sort()).toEqual([200, 412]);
    expect(await ask('DELETE', path, { 'if-match': etag })).toMatchObject(failed);
    expect(await ask('GET', path)).toMatchObject({ body: { state: 'active', secrets: [{}, {}] } });
    expect(await ask('DELETE', path, { 'if-match': await etagOf(path) })).toMatchObject({ status: 200, body: { state: 'revoked' } });
  });
});
