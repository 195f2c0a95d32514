import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynDataError, type ObjectStore, type Route, routes, type TokenView, tokenHash } from '../../core/index.ts';
import { createLog } from '../../registry/log.ts';
import { createRegistry, type Registry } from '../../registry/server.ts';
import { createMemoryObjects, createRequestKeys } from '../../storage/index.ts';
import {
  type Answer,
  type GuardedRegistry,
  places,
  type RouteName,
  routeNames,
  startGuardedRegistry,
} from '../support/guarded-registry.ts';
import { createRouteRequests, type RouteRequests } from '../support/route-requests.ts';
import { listOf } from '../support/stream-samples.ts';

/** A store whose writes can be disturbed. */
function disturbed(objects: ObjectStore) {
  let isFailing = (_key: string): boolean => false;
  let isMeeting = (_key: string): boolean => false;
  let missing = 0;
  let met = Promise.withResolvers<void>();
  return {
    /** Lets so many writes wait for each other. */
    meet(which: (key: string) => boolean, writes: number): void {
      isMeeting = which;
      missing = writes;
      met = Promise.withResolvers();
    },
    /** Fails the next write of such a key. */
    failNext: (which: (key: string) => boolean): void => {
      isFailing = which;
    },
    objects: {
      ...objects,
      async write(key, bytes, options) {
        if (missing > 0 && isMeeting(key)) {
          missing -= 1;
          if (missing === 0) met.resolve();
          await met.promise;
        }
        if (!isFailing(key)) return objects.write(key, bytes, options);
        isFailing = () => false;
        throw new DynDataError('STORAGE_UNREACHABLE', 'The storage is away.');
      },
    } satisfies ObjectStore,
  };
}

const keptForMs = 24 * 60 * 60_000;
let nowMs = Date.UTC(2027, 0, 1);
const clock = (): Date => new Date(nowMs);
const store = disturbed(createMemoryObjects({ clock }));
let registry: GuardedRegistry;
let replica: Registry;
let replicaUrl = '';
let requests: RouteRequests;
let token = '';
beforeAll(async () => {
  registry = await startGuardedRegistry(store.objects, { clock });
  requests = createRouteRequests(registry);
  token = (await registry.issue('admin', ['*'])).text;
  const { blobs, catalog, uploads, openPush, operators, jobs, access, schedules } = registry;
  replica = createRegistry({
    blobs,
    catalog,
    uploads,
    openPush,
    operators,
    requestKeys: createRequestKeys(store.objects, { clock, newId: randomUUID, keptForMs }),
    jobs,
    access,
    schedules,
    environments: places.map(({ environment, repository }) => ({ name: environment, repository, sources: [] })),
    logger: createLog({ write: () => undefined }),
    version: 'x',
    newId: randomUUID,
  });
  replicaUrl = await replica.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await replica.close(500);
  await registry.stop();
});

type Sent = { readonly name: RouteName; readonly path: string; readonly body: object | undefined; readonly key: string };
const place = places[0];
const made = async (name: RouteName): Promise<Sent> => ({ name, ...(await requests.requestOf(name, place)), key: randomUUID() });
const send = ({ name, path, body, key }: Sent, as = token): Promise<Answer> =>
  registry.ask(routes[name].method, path, { token: as, body, headers: { 'idempotency-key': key } });
const sendToReplica = async ({ name, path, body, key }: Sent) => {
  const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key, 'content-type': 'application/json' };
  const response = await fetch(`${replicaUrl}${path}`, {
    method: routes[name].method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
};
/** That tokens asked for. */
const changes = async (): Promise<number> =>
  (await listOf(registry.access.audit.entries())).filter(({ actor }) => actor.kind === 'token').length;
/** All that a route may make. */
const things = async (): Promise<number> => {
  const { operators, schedules, jobs, access } = registry;
  const pins = await Promise.all(places.map(({ repository }) => listOf(operators.pins.list(repository))));
  const tokens = (await listOf(access.store.list())).flatMap(({ secrets }) => secrets);
  return [...pins.flat(), ...(await listOf(schedules.list())), ...(await listOf(jobs.list())), ...tokens].length;
};
const creates = (name: RouteName): string | undefined => (routes[name] as { readonly creates?: string }).creates;

describe.each(routeNames.filter((name) => creates(name) === 'something'))('the route %s', (name) => {
  it('creates once what is sent twice with a key, also to another replica, and refuses the key for anything else', async () => {
    const sent = await made(name);
    const before = { changes: await changes(), things: await things() };
    const first = await send(sent);
    expect(first.status).toBe(routes[name].status);
    const second = await send(sent);
    expect({ status: second.status, body: second.body }).toEqual({ status: first.status, body: first.body });
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(await sendToReplica(sent)).toEqual({ status: first.status, body: first.body });
    const other = { ...(await made('createToken')), key: sent.key };
    expect(await send(other)).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_CONFLICT' } });
    if (sent.body)
      expect(await send({ ...sent, body: { ...sent.body, more: 1 } })).toMatchObject({
        status: 409,
        body: { code: 'IDEMPOTENCY_CONFLICT' },
      });
    expect({ changes: await changes(), things: await things() }).toEqual({ changes: before.changes + 1, things: before.things + 1 });
  });

  it('creates nothing more where the one that was asked first failed before it could answer', async () => {
    const sent = await made(name);
    const before = await things();
    // The second write of the key's record is that of the answer.
    let writes = 0;
    store.failNext((key) => key.startsWith('requests/') && ++writes === 2);
    expect(await send(sent)).toMatchObject({ status: 503, body: { code: 'STORAGE_UNREACHABLE' } });
    nowMs += 90_000;
    const answers = [await sendToReplica(sent), await send(sent)];
    for (const { status, body } of answers) expect({ status, body }).toEqual({ status: routes[name].status, body: answers[0]?.body });
    expect(await things()).toBe(before + 1);
  });
});

describe('a token', () => {
  const create = async (): Promise<Sent> => ({ ...(await made('createToken')), path: routes.createToken.path });

  it('is made once, and its text is neither kept nor given again', async () => {
    const sent = await create();
    const before = await things();
    const first = await send(sent);
    expect(first.status).toBe(201);
    const { token: view, text } = first.body as { token: TokenView; text: string };
    for (const again of [await send(sent), await sendToReplica(sent)]) {
      expect(again).toMatchObject({ status: 409, body: { code: 'TOKEN_ALREADY_ISSUED', detail: expect.stringContaining(view.id) } });
      expect(JSON.stringify(again.body)).not.toContain(text);
    }
    expect(await things()).toBe(before + 1);
    for await (const { key } of store.objects.list('')) {
      const found = await store.objects.read(key);
      const stored = Buffer.concat(await Array.fromAsync(found?.bytes ?? [])).toString();
      expect(stored.includes(text), key).toBe(false);
      if (key === `tokens/${view.id}`) expect(stored).toContain(tokenHash(text));
    }
  });

  it('is made by the second request where the first failed before it made one', async () => {
    const sent = await create();
    store.failNext((key) => key.startsWith('tokens/'));
    expect(await send(sent)).toMatchObject({ status: 503 });
    const before = await things();
    const answer = await send(sent);
    expect(answer).toMatchObject({ status: 201, headers: expect.anything() });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await things()).toBe(before + 1);
  });

  it('gets one new text for a rotation that is sent twice', async () => {
    const sent = await made('rotateToken');
    const before = await changes();
    expect(await send(sent)).toMatchObject({ status: 200 });
    expect(await send(sent)).toMatchObject({ status: 409, body: { code: 'TOKEN_ALREADY_ISSUED' } });
    expect(await changes()).toBe(before + 1);
  });
});

describe('a key', () => {
  it('belongs to its token and its route, for a day', async () => {
    const sent = await made('pinSnapshot');
    const other = (await registry.issue('admin', ['*'])).text;
    const before = await things();
    expect((await send(sent)).status).toBe(201);
    expect((await send(sent, other)).status).toBe(201);
    expect(await send({ ...(await made('collect')), key: sent.key })).toMatchObject({
      status: 409,
      body: { code: 'IDEMPOTENCY_CONFLICT' },
    });
    expect(await things()).toBe(before + 2);
    nowMs += keptForMs;
    expect((await send(sent)).status).toBe(201);
    expect(await things()).toBe(before + 3);
  });

  it('is free again where its request was refused', async () => {
    const sent = await made('createSchedule');
    expect(await send({ ...sent, body: { ...sent.body, cron: 'never' } })).toMatchObject({ status: 422 });
    expect(await send(sent)).toMatchObject({ status: 201 });
    const taken = { ...sent, key: randomUUID() };
    for (let time = 0; time < 2; time += 1) expect(await send(taken)).toMatchObject({ status: 409, body: { code: 'SCHEDULE_EXISTS' } });
  });

  it('of many requests at once gives all of them the one thing', async () => {
    const sent = await made('pinSnapshot');
    const before = await things();
    store.meet((key) => key.startsWith('pins/'), 4);
    const answers = await Promise.all([send(sent), sendToReplica(sent), send(sent), sendToReplica(sent)]);
    for (const { status, body } of answers) expect({ status, body }).toEqual({ status: 201, body: answers[0]?.body });
    expect(await things()).toBe(before + 1);
  });

  it('of many requests at once makes one token, whose text one of them gets', async () => {
    const sent = await made('createToken');
    const before = await things();
    store.meet((key) => key.startsWith('tokens/'), 3);
    const answers = await Promise.all([send(sent), sendToReplica(sent), send(sent)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    expect(await things()).toBe(before + 1);
  });

  it.each(['', 'x'.repeat(201)])('of no length or too long a one is refused', async (key) => {
    expect(await send({ ...(await made('collect')), key })).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
  });
});

describe('routes', () => {
  it('that answer with something new take a key', async () => {
    for (const name of routeNames.filter((each) => creates(each) === 'nothing')) {
      const { path, body } = await requests.requestOf(name, place);
      const before = await things();
      const answer = await registry.ask('POST', path, { token, body });
      expect(answer.status, name).toBe(routes[name].status);
      expect(answer.status, name).not.toBe(201);
      expect(answer.headers.get('location'), name).toBeNull();
      expect(await things(), name).toBe(before);
    }
  });

  it('that are a POST and do not say what they create are none for the compiler', () => {
    // @ts-expect-error -- does not say what it creates
    const silent: Route = {
      method: 'POST',
      path: '/api/v1/things',
      summary: 'x',
      status: 201,
      access: { role: 'admin', within: 'registry' },
    };
    expect(silent.status).toBe(201);
  });
});
