import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as z from 'zod/mini';
import { createRegistryApi, type RegistryApi } from '../../client/registry-api.ts';
import { type CreatingRoute, type Route, routes } from '../../core/index.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { type GuardedRegistry, places, type RouteName, routeNames, startGuardedRegistry } from '../support/guarded-registry.ts';
import { createRouteRequests, type RouteRequests } from '../support/route-requests.ts';
import { listOf } from '../support/stream-samples.ts';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';

type Creating = CreatingRoute & { readonly answer: z.ZodMiniType };
const isCreating = (route: Route): route is Creating => 'creates' in route && route.creates !== 'nothing';
const creating = routeNames.filter((name) => isCreating(routes[name]));

let registry: GuardedRegistry;
let proxy: TcpProxy;
let requests: RouteRequests;
let api: RegistryApi;
beforeAll(async () => {
  registry = await startGuardedRegistry(createMemoryObjects());
  proxy = await startProxy({ port: registry.port });
  requests = createRouteRequests(registry);
  const { text } = await registry.issue('admin', ['*']);
  const signal = new AbortController().signal;
  api = createRegistryApi({ registry: `http://127.0.0.1:${proxy.port}`, signal, readToken: async () => text });
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await registry.stop();
});

/** That tokens asked for. */
const changes = async (): Promise<number> =>
  (await listOf(registry.access.audit.entries())).filter(({ actor }) => actor.kind === 'token').length;

/** Asks, and loses the answer of the first time. */
async function createOverCut(name: RouteName): Promise<unknown> {
  const route: Route = routes[name];
  if (!isCreating(route)) throw new Error(`${name} creates nothing`);
  const { parameters, body } = await requests.requestOf(name, places[0]);
  // What is kept alive would pass the bytes of another answer.
  proxy.cutAll();
  const cut = proxy.trap(1, 'cut');
  const answer = await Promise.allSettled([api.create(route, { parameters, ...(body && { body }) }), cut]);
  if (answer[0].status === 'rejected') throw answer[0].reason;
  return answer[0].value;
}

describe('a request whose answer is lost', () => {
  it.each(creating.filter((name) => (routes[name] as Creating).creates === 'something'))('makes once what %s makes', async (name) => {
    const before = await changes();
    await expect(createOverCut(name)).resolves.toBeDefined();
    expect(await changes()).toBe(before + 1);
  });

  it.each(creating.filter((name) => (routes[name] as Creating).creates === 'secret'))(
    'makes once what %s makes, and says how to get a text',
    async (name) => {
      const before = await changes();
      await expect(createOverCut(name)).rejects.toMatchObject({
        code: 'TOKEN_ALREADY_ISSUED',
        message: expect.stringContaining('dyn-data token rotate'),
      });
      expect(await changes()).toBe(before + 1);
    },
  );
});

it('no command asks for something new without a key', async () => {
  const folder = join(import.meta.dirname, '../../client');
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const text = (await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))).join('\n');
  const used = [...text.matchAll(/(\w*)\(\s*routes\.(\w+)\b(?!\.(?:answer|body))|routes\.(\w+)\.path/g)];
  const otherwise = used.flatMap(([, call, direct, path]) => (call === 'create' ? [] : [direct ?? path ?? '']));
  expect(otherwise.length).toBeGreaterThan(10);
  expect(otherwise.filter((name) => creating.includes(name as RouteName))).toEqual([]);
});
