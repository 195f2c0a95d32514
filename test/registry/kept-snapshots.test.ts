import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Collected, Job } from '../../core/index.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { publishChunks } from '../support/collected-store.ts';
import { type RegistryHere, startRegistryHere } from '../support/registry-here.ts';

/** Of the collector, in this test: some seconds. */
const graceMs = 1_500;

let registry: RegistryHere;
let url = '';
let folder = '';
let client: ClientProject;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-kept-'));
  const source = '{ kind: mysql, host: 127.0.0.1, user: x, password: { env: TEST_PASSWORD }, databases: [x] }';
  const environment = (name: string, more: string): string =>
    `  ${name}: { repository: dynamease, policy: policy.yaml, key: { env: TEST_KEY }, sources: { mysql: ${source} }${more} }\n`;
  const config = [
    'version: 1\nlisten: { port: 0 }\nstorage: { folder: store }\n',
    `collector: { graceHours: ${graceMs / 3_600_000} }\n`,
    'environments:\n',
    environment('prod', ', retention: { keepLast: 2, keepTags: [release-*], timeZone: Europe/Paris }'),
    environment('staging', ''),
  ];
  await writeFile(join(folder, 'registry.yaml'), config.join(''));
  // A tag `a.b` gives a snapshot of the chunks a and b, so the same tag gives the same snapshot, taken a day later than the last one.
  const dayMs = 24 * 60 * 60 * 1000;
  let takenAtMs = Date.parse('2024-05-01T02:00:00Z') - dayMs;
  registry = startRegistryHere(['--config', join(folder, 'registry.yaml')], {
    build: (ports) => async (request) => {
      const { tag = 'a' } = request;
      takenAtMs += dayMs;
      return { digest: await publishChunks(ports, [tag.split('.')], { tag, takenAt: new Date(takenAtMs).toISOString() }) };
    },
  });
  url = await registry.listening;
  client = await createClientProject({ registry: url, repository: 'dynamease' });
});
afterEach(async () => {
  await registry.stop();
  await client[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const run = async (...args: string[]): Promise<string> => {
  const { exitCode, stdout, stderr } = await client.run(args);
  expect(stderr, args.join(' ')).not.toContain('error');
  expect(exitCode).toBe(0);
  return stdout;
};
// biome-ignore lint/suspicious/noExplicitAny: documents of many commands
const json = async (...args: string[]): Promise<any> => JSON.parse(await run(...args, '--json'));
const refused = async (code: string, exitCode: number, ...args: string[]): Promise<string> => {
  const result = await client.run(args);
  expect(result.stderr).toContain(`error ${code}`);
  expect(result.exitCode).toBe(exitCode);
  return result.stderr;
};
const take = (tag: string): Promise<string> => run('snapshot', 'create', 'prod', '--tag', tag, '--follow');
const tags = async (): Promise<string[]> => (await json('tag', 'list')).tags.map(({ tag }: { tag: string }) => tag);

test('retention is shown, then applied as it was shown, and what holds a snapshot holds it', { timeout: 150_000 }, async () => {
  for (const tag of ['a.b', 'a.c', 'a.d', 'a.e', 'a.f']) await take(tag);
  const digestOf = async (tag: string): Promise<string> => (await json('tag', 'show', tag)).digest;
  await run('tag', 'set', 'release-1', 'a.c');
  const pin = await json('snapshot', 'pin', 'a.b', '--why', 'bug 17', '--until', '2100-01-01');
  expect(pin).toMatchObject({ by: 'local', why: 'bug 17', until: '2100-01-01T00:00:00.000Z', digest: await digestOf('a.b') });

  const text = await run('retention', 'plan', 'prod');
  expect(text).toContain('prod: 4 stay, 1 go');
  expect(text).toMatch(/keep +2024-05-05T02:00:00.000Z +sha256:[0-9a-f]{12} +a\.f +the newest; one of the last/);
  expect(text).toMatch(/keep .*a\.c, release-1 +tag release-1/);
  expect(text).toMatch(/keep .*a\.b +pinned by local until 2100-01-01T00:00:00.000Z: bug 17/);
  expect(text).toMatch(/remove .*a\.d/);
  expect(await run('retention', 'plan')).toContain('staging: no retention is configured');
  const [{ digest: plan }] = (await json('retention', 'plan', 'prod')).plans;
  expect(await tags()).toContain('a.d');

  const dry = await json('retention', 'apply', 'prod', '--dry-run');
  expect(dry).toMatchObject({ dryRun: true, applied: [{ plan, kept: 4, removed: [await digestOf('a.d')], held: [] }] });
  expect(await tags()).toContain('a.d');

  // Seen, but not as it is now.
  await refused('USAGE', 2, 'retention', 'apply', 'prod');
  await run('tag', 'set', 'other', 'a.d');
  await refused('PLAN_OUTDATED', 4, 'retention', 'apply', 'prod', '--plan', plan);
  await run('tag', 'rm', 'other');
  const applied = await json('retention', 'apply', 'prod', '--plan', plan.slice(0, 19));
  expect(applied.applied).toEqual([
    { environment: 'prod', job: expect.any(String), plan, kept: 4, removed: [expect.any(String)], held: [] },
  ]);
  expect(await tags()).toEqual(['a.b', 'a.c', 'a.e', 'a.f', 'release-1']);
  expect((await json('retention', 'apply', '--yes')).applied.map(({ removed }: { removed: string[] }) => removed.length)).toEqual([0, 0]);

  const held = await refused('SNAPSHOT_HELD', 4, 'rm', 'a.c');
  expect(held).toContain('tag release-1');
  expect(await refused('SNAPSHOT_HELD', 4, 'snapshot', 'rm', 'a.b')).toContain('by local until 2100-01-01T00:00:00.000Z: bug 17');
  await run('rm', 'a.c', '--tag', 'release-1');
  await run('snapshot', 'unpin', 'a.b');
  await refused('PIN_UNKNOWN', 3, 'snapshot', 'unpin', 'a.b');
  expect(await run('snapshot', 'show', 'a.b')).toMatch(/tags +a\.b\nenvironment +prod\n/);
  await run('snapshot', 'rm', 'a.b');
  expect(await tags()).toEqual(['a.e', 'a.f']);
  await refused('TAG_UNKNOWN', 3, 'snapshot', 'show', 'a.b');
  await refused('TAG_UNKNOWN', 3, 'tag', 'rm', 'nothing');
});

const api = async (method: string, path: string, body?: unknown): Promise<Record<string, never>> => {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(answer.ok, `${method} ${path}: ${answer.status}`).toBe(true);
  return (await answer.json()) as Record<string, never>;
};
const untilEnded = async (id: string): Promise<Job> => {
  for (;;) {
    const found = (await api('GET', `/jobs/${id}`)) as unknown as Job;
    if (found.state !== 'running' && found.state !== 'queued') return found;
    await sleep(50);
  }
};
const takeByApi = async (tag: string): Promise<void> => {
  const { id } = await api('POST', '/snapshots', { environment: 'prod', tag });
  expect((await untilEnded(id ?? '')).state).toBe('succeeded');
};
const collectByApi = async (dryRun: boolean): Promise<Collected> => {
  const { id } = await api('POST', '/collections', { dryRun });
  const { collected } = await untilEnded(id ?? '');
  if (!collected) throw new Error('counts expected');
  return collected;
};

test('the collector says what it would free, frees it a grace later, and what stays can be pulled', { timeout: 150_000 }, async () => {
  for (const tag of ['a.b', 'a.c', 'a.d']) await takeByApi(tag);
  const { digest: plan } = await api('GET', '/environments/prod/retention');
  const { id } = await api('POST', '/environments/prod/retention', { dryRun: false, plan });
  expect((await untilEnded(id ?? '')).retained).toMatchObject({ plan, removed: [expect.any(String)] });
  await sleep(graceMs + 2_000);
  expect((await collectByApi(true)).kinds.blobs).toMatchObject({ removed: { count: 0 }, waiting: { count: 2 } });
  const first = await json('collect');
  expect(first).toMatchObject({ state: 'succeeded', dryRun: false });
  expect(first.collected).toMatchObject({ manifests: 2, kinds: { blobs: { removed: { count: 0 } } } });
  expect(Date.parse(first.collected.removableAt)).toBeGreaterThan(Date.parse(first.startedAt));
  await sleep(graceMs + 2_000);
  // What would go is counted and is still there.
  for (let time = 0; time < 2; time += 1) expect((await collectByApi(true)).kinds.blobs).toMatchObject({ removed: { count: 2 } });
  // What is taken now relies on a chunk that waits to go.
  await takeByApi('b.d');
  const second = await collectByApi(false);
  expect(second.kinds).toMatchObject({
    blobs: { removed: { count: 1 } },
    layers: { removed: { count: 1 } },
    chunks: { removed: { count: 0 } },
  });
  expect(await run('collect', '--dry-run')).toMatch(/^ +KEPT +WAITING +WOULD GO\nblobs +\d+ \(/);
  const all = (await json('ls')).snapshots as { digest: string; tags: string[] }[];
  expect(all.map((snapshot) => snapshot.tags)).toEqual([['b.d'], ['a.d'], ['a.c']]);
  for (const { digest } of all) {
    const manifest = (await (await fetch(`${url}/v2/dynamease/manifests/${digest}`)).json()) as {
      config: { digest: string };
      layers: { digest: string; size: number }[];
    };
    for (const layer of manifest.layers)
      expect((await (await fetch(`${url}/v2/dynamease/blobs/${layer.digest}`)).arrayBuffer()).byteLength).toBe(layer.size);
    expect((await fetch(`${url}/v2/dynamease/blobs/${manifest.config.digest}`)).status).toBe(200);
  }
});

test('the commands refuse what they do not understand', { timeout: 150_000 }, async () => {
  await refused('ENVIRONMENT_UNKNOWN', 3, 'retention', 'plan', 'nothing');
  await take('a.b');
  await refused('USAGE', 2, 'snapshot', 'pin', 'a.b', '--why', 'x', '--until', 'soon');
  await refused('REQUEST_INVALID', 2, 'snapshot', 'pin', 'a.b', '--why', 'x', '--until', '2001-01-01');
  await refused('REQUEST_INVALID', 2, 'snapshot', 'pin', 'a.b', '--why', 'two\nlines');
  await refused('USAGE', 2, 'snapshot', 'pin', 'a.b');
  await refused('USAGE', 2, 'tag', 'set', 'no tag', 'a.b');
  expect(
    (await fetch(`${url}/api/v1/collections`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).status,
  ).toBe(400);
});
