import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, type Job, type Role, type Route, routePath, routes } from '../../../core/index.ts';
import { createMemoryObjects, createScheduleStore } from '../../../storage/index.ts';
import {
  type Answer,
  filledPath,
  type GuardedRegistry,
  places,
  type RouteName,
  routeNames,
  startGuardedRegistry,
} from '../../support/guarded-registry.ts';
import { times } from '../../support/many-times.ts';
import { createRouteRequests, type Place, type RouteRequests } from '../../support/route-requests.ts';

/** What each role includes, and what each scope covers, said once more: the tests must not believe what they test. */
const includes: Readonly<Record<Role, readonly Role[]>> = {
  reader: ['reader'],
  operator: ['reader', 'operator'],
  admin: ['reader', 'operator', 'admin'],
};
const covered: Readonly<Record<string, readonly string[]>> = {
  '*': ['dynamease', 'team/test'],
  dynamease: ['dynamease'],
  'team/*': ['team/test'],
  'team/test': ['team/test'],
  'other/app': [],
  'team/tes': [],
  'dynamease/*': [],
};

const objects = createMemoryObjects();
let registry: GuardedRegistry;
const texts = new Map<string, string>();
const wrongTokens: Record<string, string | undefined> = {};
beforeAll(async () => {
  let aheadMs = 0;
  registry = await startGuardedRegistry(objects, { clock: () => new Date(Date.now() + aheadMs) });
  for (const role of Object.keys(includes) as Role[]) {
    for (const scope of Object.keys(covered)) texts.set(`${role} ${scope}`, (await registry.issue(role, [scope])).text);
  }
  const revoked = await registry.issue('admin', ['*']);
  await registry.revoke(revoked.id);
  const whole = await registry.issue('admin', ['*']);
  const other = await registry.issue('admin', ['*']);
  const expiring = await registry.issue('admin', ['*'], new Date(Date.now() + 60_000).toISOString());
  aheadMs = 61_000;
  Object.assign(wrongTokens, {
    none: undefined,
    revoked: revoked.text,
    expired: expiring.text,
    mistyped: `${whole.text.slice(0, -1)}${whole.text.endsWith('0') ? '1' : '0'}`,
    'with the secret of another': `dd_${whole.id}${other.text.slice(`dd_${other.id}`.length)}`,
    'of no form': 'letmein',
  });
});
afterAll(() => registry.stop());

let requests: RouteRequests;
beforeAll(() => {
  requests = createRouteRequests(registry);
});
const askRoute = async (name: RouteName, place: Place, token: string | undefined): Promise<Answer> => {
  const { path, body } = await requests.requestOf(name, place);
  return registry.ask(routes[name].method, path, { ...(token === undefined ? {} : { token }), body });
};
const bodyOf = (name: RouteName, place: Place): object => requests.bodyOf(name, place) ?? {};
const codeOf = (answer: Answer): unknown => (answer.body as { code?: unknown } | undefined)?.code;

/** What a token of this role and scope must get: the route's own status, or a refusal. @param body that is sent */
function expected(route: Route, role: Role, scope: string, repository: string, body: object): { status: number; code?: string } {
  if (!includes[role].includes(route.access.role)) return { status: 403, code: 'ACCESS_DENIED' };
  const isCovered = covered[scope]?.includes(repository) === true;
  if ('environment' in body && !isCovered) return { status: 404, code: 'ENVIRONMENT_UNKNOWN' };
  if ('repository' in body && !isCovered) return { status: 403, code: 'ACCESS_DENIED' };
  switch (route.access.within) {
    case 'repository':
      return isCovered ? { status: route.status } : { status: 403, code: 'ACCESS_DENIED' };
    case 'environment':
    case 'body.environment':
      return isCovered ? { status: route.status } : { status: 404, code: 'ENVIRONMENT_UNKNOWN' };
    case 'job':
      return isCovered ? { status: route.status } : { status: 404, code: 'JOB_UNKNOWN' };
    case 'schedule':
      return isCovered ? { status: route.status } : { status: 404, code: 'SCHEDULE_UNKNOWN' };
    case 'registry':
      return scope === '*' ? { status: route.status } : { status: 403, code: 'ACCESS_DENIED' };
    case 'visible':
      return { status: route.status };
  }
}

/**
 * Scopes are tried with the least role that may use the route; the roles below it and above it with the widest scope, and above it also with one
 * that covers neither place. Many times over, all with all.
 */
const isTried = (name: RouteName, role: string, scope: string): boolean => {
  const needed = routes[name].access.role;
  const isAbove = role !== needed && includes[role as Role].includes(needed);
  return times(0, 1) === 1 || role === needed || scope === '*' || (isAbove && scope === 'team/tes');
};

describe.each(routeNames)('the route %s', (name) => {
  it('gives every role and scope what the contract says, and nothing more', async () => {
    for (const [principal, token] of texts) {
      const [role = '', scope = ''] = principal.split(' ');
      if (!isTried(name, role, scope)) continue;
      for (const place of places) {
        const answer = await askRoute(name, place, token);
        const wanted = expected(routes[name], role as Role, scope, place.repository, bodyOf(name, place));
        expect({ status: answer.status, code: codeOf(answer) }, `${principal} at ${place.repository}`).toEqual({
          code: undefined,
          ...wanted,
        });
        if (answer.status >= 400) expect(answer.headers.get('content-type')).toBe('application/problem+json');
      }
    }
  });

  it('gives nothing to who has no token in force', async () => {
    for (const [kind, token] of Object.entries(wrongTokens)) {
      const answer = await askRoute(name, places[0], token);
      expect({ status: answer.status, code: codeOf(answer) }, kind).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
      expect(answer.headers.get('www-authenticate'), kind).toBe('Bearer realm="dyn-data"');
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    }
  });
});

it('each route needs what was decided for it', () => {
  const needs = Object.fromEntries(routeNames.map((name) => [name, `${routes[name].access.role} ${routes[name].access.within}`]));
  expect(needs).toEqual({
    createSnapshot: 'operator body.environment',
    listSnapshots: 'reader repository',
    showSnapshot: 'reader repository',
    listTags: 'reader repository',
    showTag: 'reader repository',
    moveTag: 'operator repository',
    removeTag: 'operator repository',
    listPins: 'reader repository',
    pinSnapshot: 'operator repository',
    unpinSnapshot: 'operator repository',
    removeSnapshot: 'operator repository',
    planRetention: 'reader environment',
    applyRetention: 'operator environment',
    collect: 'operator registry',
    listEnvironments: 'reader visible',
    showPolicy: 'reader environment',
    suggestPolicy: 'operator environment',
    checkPolicy: 'operator environment',
    previewPolicy: 'admin environment',
    listJobs: 'reader visible',
    showJob: 'reader job',
    followJob: 'reader job',
    cancelJob: 'operator job',
    createJob: 'operator visible',
    retryJob: 'operator job',
    jobLog: 'reader job',
    listSchedules: 'reader visible',
    createSchedule: 'operator body.environment',
    showSchedule: 'reader schedule',
    updateSchedule: 'operator schedule',
    removeSchedule: 'operator schedule',
    pauseSchedule: 'operator schedule',
    resumeSchedule: 'operator schedule',
    runSchedule: 'operator schedule',
    showIdentity: 'reader visible',
    createToken: 'admin registry',
    listTokens: 'admin registry',
    showToken: 'admin registry',
    rotateToken: 'admin registry',
    revokeToken: 'admin registry',
    listAudit: 'admin registry',
    verifyAudit: 'admin registry',
  });
});

it('a route whose path names a repository, an environment, a job or a schedule is decided by it', () => {
  for (const name of routeNames) {
    const { path, access } = routes[name];
    for (const [part, within] of [
      ['{repository}', 'repository'],
      ['{environment}', 'environment'],
      ['{id}', 'job'],
      ['{name}', 'schedule'],
    ] as const) {
      if (path.includes(part)) expect(access.within, name).toBe(within);
    }
  }
});

it('a route without access, or without what its access is decided by, is none for the compiler', () => {
  // @ts-expect-error -- says nobody may use it
  const open: Route = { method: 'GET', path: '/api/v1/things', summary: 'x', status: 200 };
  // @ts-expect-error -- has no {repository}
  const homeless: Route = {
    method: 'GET',
    path: '/api/v1/things',
    summary: 'x',
    status: 200,
    access: { role: 'reader', within: 'repository' },
  };
  expect([open, homeless]).toHaveLength(2);
});

describe('lists', () => {
  beforeAll(async () => {
    // The next times of hundreds that the routes left behind would be worked out for every list.
    for await (const { name } of registry.schedules.list()) await registry.schedules.remove(name);
  });

  it('leave out what a token does not cover', async () => {
    for (const place of places) await Promise.all([requests.newJob(place), requests.newSchedule(place)]);
    for (const [scope, repositories] of Object.entries(covered)) {
      const token = texts.get(`reader ${scope}`) ?? '';
      const environments = (await registry.ask('GET', routes.listEnvironments.path, { token })).body as { items: { repository: string }[] };
      expect(environments.items.map(({ repository }) => repository).sort(), scope).toEqual([...repositories].sort());
      const jobs = (await registry.ask('GET', `${routes.listJobs.path}?limit=1000`, { token })).body as { items: Job[] };
      // Those of the whole registry have none.
      const ofJobs = [...new Set(jobs.items.map(({ repository }) => repository ?? 'none'))].filter((of) => of !== 'none' || scope !== '*');
      expect(ofJobs.sort(), scope).toEqual([...repositories].sort());
      const kept = (await registry.ask('GET', `${routes.listSchedules.path}?limit=1000`, { token })).body as {
        items: { environment: string }[];
      };
      const ofCovered = places.filter(({ repository }) => repositories.includes(repository)).map(({ environment }) => environment);
      expect([...new Set(kept.items.map(({ environment }) => environment))].sort(), scope).toEqual(ofCovered);
    }
  });

  it('show what is of an environment that the configuration has no more to tokens for everything only', async () => {
    const [other] = places;
    const store = createScheduleStore(objects);
    const found = await store.read(await requests.newSchedule(other));
    if (!found) throw new Error('The schedule is not stored');
    await store.write({ ...found.record, name: 'left-behind', environment: 'gone' }, 'absent');
    for (const [scope, status] of [
      ['*', 200],
      ['dynamease', 404],
    ] as const) {
      const token = texts.get(`reader ${scope}`) ?? '';
      expect((await registry.ask('GET', routePath(routes.showSchedule.path, { name: 'left-behind' }), { token })).status, scope).toBe(
        status,
      );
      const { text } = await registry.ask('GET', `${routes.listSchedules.path}?limit=1000`, { token });
      expect(text.includes('left-behind'), scope).toBe(status === 200);
    }
  });
});

describe('what is out of scope', () => {
  /** Everything of an answer but what differs between any two, with the name that was asked for taken out. */
  const shapeOf = (answer: Answer, asked: string) => {
    const headers = Object.fromEntries(
      [...answer.headers].filter(([name]) => !['x-request-id', 'date', 'content-length', 'etag'].includes(name)),
    );
    return { status: answer.status, headers, text: answer.text.replaceAll(asked, 'NAME') };
  };

  it('looks as if it did not exist, or as if nobody could know', async () => {
    const token = texts.get('admin other/app') ?? '';
    const [jobId, pin, name] = [
      (await requests.newJob(places[0])).id,
      await requests.newPin(places[0]),
      await requests.newSchedule(places[0]),
    ];
    const real = { ...places[0], id: jobId, name, digest: registry.digests.dynamease ?? '', tag: 'may', pin };
    const unreal = {
      environment: 'nowhere',
      repository: 'never/was',
      id: 'no-such-job',
      digest: `sha256:${'0'.repeat(64)}`,
      tag: 'no-tag',
      pin: 'no-pin',
      name: 'no-schedule',
    };
    let compared = 0;
    for (const name of routeNames) {
      const key = (
        { repository: 'repository', environment: 'environment', job: 'id', schedule: 'name' } as Record<string, keyof typeof unreal>
      )[routes[name].access.within];
      if (key === undefined) continue;
      // The environment of a body is refused before anything else is looked at, and that in the words for environments.
      const { environment: _environment, ...rest } = bodyOf(name, places[0]) as { environment?: string };
      const body = 'body' in routes[name] ? rest : undefined;
      const [existing, missing] = await Promise.all(
        [real, unreal].map(async (names) =>
          shapeOf(await registry.ask(routes[name].method, filledPath(name, names), { token, body }), names[key]),
        ),
      );
      expect(existing, name).toEqual(missing);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(10);
    const [existing, missing] = await Promise.all(
      ['prod', 'nowhere'].map(async (environment) =>
        shapeOf(await registry.ask('POST', routes.createSnapshot.path, { token, body: { environment } }), environment),
      ),
    );
    expect(existing).toEqual(missing);
  });

  it('does so for images too', async () => {
    const token = texts.get('reader other/app') ?? '';
    for (const [known, unknown] of [
      ['/v2/dynamease/manifests/may', '/v2/never/was/manifests/may'],
      ['/v2/dynamease/tags/list', '/v2/never/was/tags/list'],
      [`/v2/dynamease/blobs/${registry.digests.dynamease}`, `/v2/never/was/blobs/${registry.digests.dynamease}`],
    ] as const) {
      const existing = shapeOf(await registry.ask('GET', known, { token }), 'dynamease');
      expect(existing.status).toBe(403);
      expect(existing).toEqual(shapeOf(await registry.ask('GET', unknown, { token }), 'never/was'));
    }
  });
});

describe('the OCI endpoint', () => {
  /** To be read, or of what is not there, which leaves the rest as it is for the next one who asks. */
  const addressesOf = (repository: string, isRead: boolean) => [
    `manifests/${isRead ? 'may' : 'june'}`,
    `manifests/${isRead ? registry.digests[repository] : `sha256:${'1'.repeat(64)}`}`,
    'tags/list',
    `referrers/${registry.digests[repository]}`,
    `blobs/sha256:${'0'.repeat(64)}`,
    'blobs/uploads/',
    'blobs/uploads/some-id',
  ];
  const uploading = 'blobs/uploads/';

  it('lets readers pull, and only operators push and delete, in their repositories', async () => {
    for (const [principal, token] of texts) {
      const [role = '', scope = ''] = principal.split(' ');
      // Many times over, all roles with all scopes.
      if (times(0, 1) === 0 && role !== 'reader' && !['*', 'dynamease', 'team/tes'].includes(scope)) continue;
      for (const { repository } of places) {
        for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE']) {
          const isRead = method === 'GET' || method === 'HEAD';
          for (const address of addressesOf(repository, isRead)) {
            const answer = await registry.ask(method, `/v2/${repository}/${address}`, { token });
            const isPull = isRead && !address.startsWith(uploading);
            const may = includes[role as Role].includes(isPull ? 'reader' : 'operator') && covered[scope]?.includes(repository) === true;
            const what = `${principal}: ${method} ${repository}/${address} gave ${answer.status}`;
            if (may) expect([401, 403, 429].includes(answer.status) || answer.status >= 500, what).toBe(false);
            else expect(answer.status, what).toBe(403);
            if (!may && method !== 'HEAD') expect(answer.body).toMatchObject({ errors: [{ code: 'DENIED' }] });
            if (may && isPull && /manifests|tags/.test(address)) expect(answer.status, what).toBe(200);
          }
        }
      }
    }
  });

  it('challenges whoever has no token in force, as docker and its kin understand it', async () => {
    for (const [kind, token] of Object.entries(wrongTokens)) {
      for (const path of ['/v2/', '/v2/dynamease/manifests/may', '/v2/never/was/tags/list', '/v2/nothing', '/v2/_catalog']) {
        const answer = await registry.ask('GET', path, token === undefined ? {} : { token });
        expect(answer.status, `${kind} ${path}`).toBe(401);
        expect(answer.headers.get('www-authenticate')).toBe('Basic realm="dyn-data", charset="UTF-8"');
        expect(answer.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
        expect(answer.body).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
      }
    }
  });

  it('takes a token as the password of any user', async () => {
    const token = texts.get('reader dynamease') ?? '';
    for (const user of ['', 'token', 'marie', 'ü']) {
      const headers = { authorization: `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}` };
      expect((await registry.ask('GET', '/v2/', { headers })).status).toBe(200);
      expect((await registry.ask('GET', '/v2/dynamease/manifests/may', { headers })).status).toBe(200);
      expect((await registry.ask('GET', '/v2/team/test/manifests/may', { headers })).status).toBe(403);
    }
  });

  it('mounts a blob only from where it may be read, and lists only such repositories', async () => {
    const digest = digestOf('a blob');
    const token = texts.get('operator *') ?? '';
    const pushed = await registry.ask('POST', `/v2/team/test/blobs/uploads/?digest=${digest}`, { token, body: 'a blob' });
    expect(pushed.status).toBe(201);
    const path = `/v2/dynamease/blobs/uploads/?mount=${digest}`;
    const limited = texts.get('operator dynamease') ?? '';
    for (const from of ['', '&from=team/test']) expect((await registry.ask('POST', `${path}${from}`, { token: limited })).status).toBe(202);
    expect((await registry.ask('HEAD', `/v2/dynamease/blobs/${digest}`, { token: limited })).status).toBe(404);
    expect((await registry.ask('POST', `${path}&from=team/test`, { token })).status).toBe(201);
    expect((await registry.ask('GET', '/v2/_catalog', { token: limited })).body).toEqual({ repositories: ['dynamease'] });
    expect((await registry.ask('GET', '/v2/_catalog', { token })).body).toMatchObject({
      repositories: expect.arrayContaining(['team/test']),
    });
  });

  it('decides on nothing that it does not know', async () => {
    const token = texts.get('admin *') ?? '';
    for (const path of ['/v2/dynamease', '/v2/dynamease/other/x', '/v2/dynamease/tags/other', '/v2/dynamease/blobs']) {
      expect((await registry.ask('GET', path, { token })).status, path).toBe(404);
    }
  });
});

it('its metrics, which name all environments, it tells whoever has a token for every repository', async () => {
  expect((await registry.ask('GET', '/metrics')).status).toBe(401);
  expect((await registry.ask('GET', '/metrics', { token: texts.get('admin dynamease') ?? '' })).status).toBe(403);
  expect((await registry.ask('GET', '/metrics', { token: texts.get('reader *') ?? '' })).status).toBe(200);
});

it('whether it lives and is ready, and what its API is, the registry tells everybody', async () => {
  for (const path of ['/healthz', '/readyz', '/openapi.json', '/policy.schema.json'])
    expect((await registry.ask('GET', path)).status).toBe(200);
});
