import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect as connectTo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundledClient, clientBundle } from '../support/client-bundle.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { makeDataImage } from '../support/data-image.ts';
import { type SmallRegistry, startSmallRegistry } from '../support/small-registry.ts';

/** A name that the proxy alone knows. */
const inside = 'registry.invalid:5000';
let registry: SmallRegistry;
let proxy: Server;
let client: ClientProject;
const asked: string[] = [];

beforeAll(async () => {
  await bundledClient();
  registry = await startSmallRegistry();
  registry.add('shop', 'may', await makeDataImage([]));
  proxy = createServer().on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    const [host = '', port] = (request.url === inside ? registry.host : (request.url ?? '')).split(':');
    const server = connectTo(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      server.pipe(socket).pipe(server);
    });
    server.on('error', () => socket.destroy());
    socket.on('error', () => server.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  client = await createClientProject({ client: clientBundle, registry: `http://${inside}` });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  proxy.closeAllConnections();
  proxy.close();
  await registry.close();
});

test('registries are reached through the proxy that the environment names, but for those that it exempts', async () => {
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const through = await client.run(['ls', '--json'], { HTTP_PROXY: address, NO_PROXY: '' });
  expect(through.stderr).toBe('');
  expect(JSON.parse(through.stdout)).toMatchObject({ snapshots: [{ tags: ['may'] }] });
  expect(new Set(asked)).toEqual(new Set([inside]));
  const exempt = await client.run(['ls'], { HTTP_PROXY: address, NO_PROXY: 'registry.invalid' });
  expect(exempt.stderr).toContain('error REGISTRY_UNREACHABLE');
});
