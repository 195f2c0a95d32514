import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { policyJsonSchema } from '../../anonymizers/index.ts';
import { DynDataError, type PolicyTools } from '../../core/index.ts';
import { createFolderObjects } from '../../storage/index.ts';
import { rawRequest } from '../support/raw-http.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';

const realValue = 'marie.dupont@acme.fr';
let folder = '';
let registry: RunningRegistry;
let bare: RunningRegistry;

const tools: PolicyTools = {
  schema: policyJsonSchema,
  text: async (environment) => ({ version: 1, environment, policyFile: 'prod.yaml', text: 'version: 1\n' }),
  suggest: async (environment) => ({ version: 1, environment, text: 'version: 1\n', decided: 0, undecided: 0 }),
  check: async (environment) => {
    if (environment !== 'prod') throw new DynDataError('ENVIRONMENT_UNKNOWN', 'There is no such environment.');
    return { version: 1, environment, policyFile: 'prod.yaml', plan: [], invalid: [], undecided: [], patch: [], drift: { changes: [] } };
  },
  preview: async (environment, rows) => ({
    version: 1,
    environment,
    tables: [{ source: 'mysql', section: 'a.b', rows: [[{ name: `rows ${rows}`, before: realValue, after: 'x' }]], problems: [] }],
  }),
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-policy-routes-'));
  const objects = await createFolderObjects({ folder, newId: randomUUID });
  const build = () => () => Promise.reject(new Error('no builds here'));
  registry = await startRegistry({ objects, build, policyTools: tools });
  bare = await startRegistry({ objects, build });
});
afterAll(async () => {
  await registry.stop();
  await bare.stop();
  await rm(folder, { recursive: true, force: true });
});

const preview = (headers: Readonly<Record<string, string>> = {}, body = '{"rows":3}') =>
  rawRequest(registry.port, '/api/v1/environments/prod/policy/preview', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

test('the schema of a policy file is given to editors, by whoever reads policies', async () => {
  const response = await fetch(`${registry.url}/policy.schema.json`);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/schema+json; charset=utf-8']);
  expect(await response.json()).toEqual(policyJsonSchema());
  expect((await fetch(`${bare.url}/policy.schema.json`)).status).toBe(404);
});

test('text, suggestion and check are answered', async () => {
  expect(await (await fetch(`${registry.url}/api/v1/environments/prod/policy`)).json()).toMatchObject({ policyFile: 'prod.yaml' });
  for (const [path, part] of [
    ['suggestion', { text: 'version: 1\n' }],
    ['check', { plan: [] }],
  ] as const) {
    const response = await fetch(`${registry.url}/api/v1/environments/prod/policy/${path}`, { method: 'POST' });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject(part);
  }
  const unknown = await fetch(`${registry.url}/api/v1/environments/nope/policy/check`, { method: 'POST' });
  expect([unknown.status, ((await unknown.json()) as { code: string }).code]).toEqual([404, 'ENVIRONMENT_UNKNOWN']);
});

test('a preview is given over loopback, is not to be stored, and is in no log', async () => {
  const { status, headers, body } = await preview();
  expect(status).toBe(200);
  expect(headers['cache-control']).toBe('no-store');
  expect(body.toString()).toContain(realValue);
  expect(registry.log()).toContain('/policy/preview');
  expect(registry.log()).not.toContain(realValue);
});

test('a preview is not given through a proxy, whose own address is loopback too', async () => {
  for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip']) {
    const { status, body } = await preview({ [name]: '10.0.0.1' });
    expect([status, JSON.parse(body.toString()).code]).toEqual([403, 'ACCESS_DENIED']);
    expect(body.toString()).not.toContain(realValue);
  }
});

test('a preview is not given to a page of a browser: it cannot send JSON without asking first', async () => {
  expect((await preview({ 'content-type': 'text/plain' })).status).toBe(415);
});

test('a preview has at most 20 rows', async () => {
  expect((await preview({}, '{"rows":21}')).status).toBe(400);
  expect((await preview({}, '{"rows":0}')).status).toBe(400);
});

test('a registry without a builder says so', async () => {
  const response = await fetch(`${bare.url}/api/v1/environments/prod/policy/check`, { method: 'POST' });
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([404, 'NOT_FOUND']);
});
