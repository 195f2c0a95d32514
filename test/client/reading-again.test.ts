import { createServer, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createRegistryApi, type RegistryApi } from '../../client/registry-api.ts';
import { DynDataError, digestOf, problemOf } from '../../core/index.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';
import { listOf } from '../support/stream-samples.ts';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';

let registry: RunningRegistry;
let way: TcpProxy;
/** Before the registry, as a load balancer is: passes requests on, but for those that it was told to answer itself. */
let front: Server;
let own: ((response: ServerResponse) => void)[] = [];
let asked = 0;
let api: RegistryApi;

const noUpstream = (status: number) => (response: ServerResponse) =>
  void response.writeHead(status, { 'content-type': 'text/html' }).end('<html>no registry is up</html>');

beforeAll(async () => {
  registry = await startRegistry({ objects: createMemoryObjects(), build: () => async () => ({ digest: digestOf('unused') }) });
  way = await startProxy({ port: registry.port });
  front = createServer((received, response) => {
    asked += 1;
    const answer = own.shift();
    if (answer) return answer(response);
    const { method, url, headers } = received;
    const passed = request({ port: way.port, method, path: url, headers, agent: false }, (found) => {
      response.writeHead(found.statusCode ?? 0, found.headers);
      found.on('error', () => response.destroy()).pipe(response);
    });
    passed.on('error', () => response.destroy());
    received.pipe(passed);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const { port } = front.address() as AddressInfo;
  const { signal } = new AbortController();
  api = createRegistryApi({ registry: `http://127.0.0.1:${port}`, signal, readToken: async () => undefined });
});
beforeEach(() => {
  own = [];
  asked = 0;
});
afterAll(async () => {
  await new Promise((resolve) => front.close(resolve));
  await way[Symbol.asyncDispose]();
  await registry.stop();
});

it.each([502, 503, 504])('what only reads is sent again where a proxy answers %i for a registry that is gone', async (status) => {
  own = [noUpstream(status), noUpstream(status)];
  expect(await listOf(api.snapshots('shop'))).toEqual([]);
  expect(asked).toBe(3);
  asked = 0;
  own = [noUpstream(status)];
  expect(await api.resolve('shop', { tag: 'none' })).toBeUndefined();
  expect(asked).toBe(2);
});

it('it is not sent for ever', async () => {
  own = [504, 504, 504, 504].map(noUpstream);
  await expect(listOf(api.snapshots('shop'))).rejects.toMatchObject({ code: 'REGISTRY_FAILED', message: expect.stringContaining('504') });
  expect(asked).toBe(3);
});

it('it is sent again where the connection was cut before the answer was there', async () => {
  const cut = way.trap(1, 'cut');
  expect(await listOf(api.snapshots('shop'))).toEqual([]);
  await cut;
  expect(asked).toBe(2);
});

it('what the registry itself answers is believed', async () => {
  const problem = problemOf(new DynDataError('STORAGE_UNREACHABLE', 'The storage does not answer.'));
  own = [(response) => void response.writeHead(503, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))];
  await expect(listOf(api.snapshots('shop'))).rejects.toMatchObject({ code: 'STORAGE_UNREACHABLE' });
  expect(asked).toBe(1);
});

it('what changes something without a key is sent once', async () => {
  own = [noUpstream(504)];
  await expect(api.checkPolicy('prod')).rejects.toMatchObject({ code: 'REGISTRY_FAILED' });
  expect(asked).toBe(1);
});
