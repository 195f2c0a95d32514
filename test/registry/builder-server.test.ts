import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAccess } from '../../registry/access/access.ts';
import { createChange } from '../../registry/access/change.ts';
import { openBuilder } from '../../registry/builder-server.ts';
import { createLog } from '../../registry/log.ts';
import { createMetrics } from '../../registry/metrics.ts';
import { createBlobStore, createMemoryObjects } from '../../storage/index.ts';
import { rawRequest } from '../support/raw-http.ts';

const version = '0.0.0-test';
const objects = createMemoryObjects();
const logger = createLog({ write: () => undefined });
const clock = (): Date => new Date();
const accessWith = (limits?: { failuresPerMinute: number; requestsPerSecond: number }) =>
  createAccess(objects, { limits, clock, random: randomBytes, logger });
const guarded = accessWith({ failuresPerMinute: 1_000, requestsPerSecond: 1_000 });
const builderWith = (access: typeof guarded, host: string) =>
  openBuilder({
    blobs: createBlobStore(objects),
    metrics: createMetrics({ version }),
    version,
    listen: { host, port: 0 },
    access,
    logger,
    newId: randomUUID,
  });

let port = 0;
const builder = builderWith(guarded, '0.0.0.0');
const change = createChange(guarded.audit, { actor: { kind: 'registry', name: 'test' } });
const statusOf = async (path: string, token?: string): Promise<number> =>
  (await rawRequest(port, path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).status;
const issue = (repositories: string[]) =>
  guarded.tokens.create({ name: 'prometheus', role: 'reader', repositories }, { by: 'test', change });

beforeAll(async () => {
  port = Number(new URL((await builder.listen()) ?? '').port);
});
afterAll(() => builder.close(500));

it('a builder gives its metrics to other machines for a token of the registry that is for every repository, and its health to everybody', async () => {
  const [whole, some] = [await issue(['*']), await issue(['dynamease'])];
  expect(await statusOf('/metrics')).toBe(401);
  expect(await statusOf('/metrics', 'letmein')).toBe(401);
  expect(await statusOf('/metrics', some.text)).toBe(403);
  const given = await rawRequest(port, '/metrics', { headers: { authorization: `Bearer ${whole.text}` } });
  expect(given.status).toBe(200);
  expect(given.body.toString()).toContain('dyn_data_info{version="0.0.0-test"} 1');
  expect(given.headers['x-content-type-options']).toBe('nosniff');
  await guarded.tokens.revoke(whole.token.id, change);
  expect(await statusOf('/metrics', whole.text)).toBe(401);
  for (const path of ['/healthz', '/readyz']) expect(await statusOf(path)).toBe(200);
  expect(await statusOf('/api/v1/jobs')).toBe(404);
});

it('a builder that asks for no token is reached from its own machine alone, under a name of that machine', async () => {
  await expect(builderWith(accessWith(), '0.0.0.0').listen()).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('builder.listen.host'),
  });
  const local = builderWith(accessWith(), '127.0.0.1');
  const at = Number(new URL((await local.listen()) ?? '').port);
  expect((await rawRequest(at, '/metrics')).status).toBe(200);
  expect((await rawRequest(at, '/metrics', { headers: { host: 'rebound.example.com' } })).status).toBe(403);
  await local.close(500);
});
