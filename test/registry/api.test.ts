import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BlobStore,
  type BuildSnapshot,
  type Catalog,
  DynDataError,
  digestOf,
  type Job,
  jobSchema,
  routePath,
  routes,
} from '../../core/index.ts';
import { createLog } from '../../registry/log.ts';
import { createRegistry } from '../../registry/server.ts';
import { createFolderObjects } from '../../storage/index.ts';
import { progressOf } from '../contracts/job-queue.ts';
import { publishImage } from '../support/published-image.ts';
import { rawRequest } from '../support/raw-http.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';
import { sampleBytes } from '../support/stream-samples.ts';

let folder = '';
let registry: RunningRegistry;
/** What the next builds do before they publish. */
let beforePublishing: (hooks: Parameters<BuildSnapshot>[1]) => Promise<void> = async () => undefined;

/** A small build that does what every build does in the end: blobs, manifest, record, tag. */
const build =
  (ports: { readonly blobs: BlobStore; readonly catalog: Catalog }): BuildSnapshot =>
  async ({ environment, tag }, hooks) => {
    await beforePublishing(hooks);
    hooks.onProgress(progressOf(100));
    const repository = environment === 'prod' ? 'dynamease' : 'team/test';
    const layers = [[{ path: 'snapshot/a', bytes: sampleBytes(10_000, 1) }], [{ path: 'snapshot/b', bytes: sampleBytes(20_000, 2) }]];
    return publishImage(ports, { repository, environment, layers, ...(tag === undefined ? {} : { tag }) });
  };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-api-'));
  const objects = await createFolderObjects({ folder, newId: randomUUID });
  registry = await startRegistry({ objects, build, heartbeatMs: 50 });
});
afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

const call = async (method: string, path: string, body?: unknown) => {
  const response = await fetch(`${registry.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
};
const create = async (body: unknown): Promise<Job> => {
  const answer = await call('POST', routes.createSnapshot.path, body);
  expect(answer.status).toBe(202);
  return jobSchema.parse(answer.body);
};
/** The whole event stream of a job: its jobs, its heart-beats, and what it looked like. */
const follow = async (id: string) => {
  const response = await fetch(`${registry.url}${routePath(routes.followJob.path, { id })}`);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const text = await response.text();
  const events = text.split('\n\n').filter((event) => event.startsWith('event: job\n'));
  const jobs = events.map((event) => jobSchema.parse(JSON.parse(event.slice(event.indexOf('data: ') + 'data: '.length))));
  return { jobs, heartbeats: text.split(': still here').length - 1 };
};
const builtDigest = async (tag?: string): Promise<string> => {
  const job = await create({ environment: 'prod', ...(tag === undefined ? {} : { tag }) });
  const last = (await follow(job.id)).jobs.at(-1);
  expect(last?.state).toBe('succeeded');
  return last?.digest ?? '';
};
const expectProblem = (answer: { status: number; headers: Headers; body: unknown }, status: number, code: string): void => {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(answer.body).toMatchObject({ type: 'about:blank', title: code, status, code, detail: expect.stringMatching(/\.$/) });
};

describe('snapshots', () => {
  it('are built by a job, followed as events and then listed with their tags', async () => {
    beforePublishing = async ({ onProgress }) => {
      onProgress(progressOf(1));
      await sleep(180);
    };
    const answer = await call('POST', routes.createSnapshot.path, { environment: 'prod', tag: 'prod-2024-05' });
    expect(answer.status).toBe(202);
    const job = jobSchema.parse(answer.body);
    expect(answer.headers.get('location')).toBe(`/api/v1/jobs/${job.id}`);
    const { jobs, heartbeats } = await follow(job.id);
    beforePublishing = async () => undefined;
    expect(jobs[0]?.state).toMatch(/queued|running/);
    expect(jobs.at(-1)).toMatchObject({ state: 'succeeded', tag: 'prod-2024-05', progress: { rowsDone: 100 } });
    expect(heartbeats).toBeGreaterThan(0);
    const digest = jobs.at(-1)?.digest ?? '';
    expect(jobSchema.parse((await call('GET', routePath(routes.showJob.path, { id: job.id }))).body)).toEqual(jobs.at(-1));

    const listed = await call('GET', routePath(routes.listSnapshots.path, { repository: 'dynamease' }));
    const page = routes.listSnapshots.answer.parse(listed.body);
    expect(page.items).toMatchObject([{ digest, environment: 'prod', tags: ['prod-2024-05'] }]);
    const shown = await call('GET', routePath(routes.showSnapshot.path, { repository: 'dynamease', digest }));
    expect(routes.showSnapshot.answer.parse(shown.body)).toEqual(page.items[0]);
    const tag = await call('GET', routePath(routes.showTag.path, { repository: 'dynamease', tag: 'prod-2024-05' }));
    expect(routes.showTag.answer.parse(tag.body)).toMatchObject({ tag: 'prod-2024-05', digest });
  });

  it('say which environment, repository or digest is unknown', async () => {
    expectProblem(await call('POST', routes.createSnapshot.path, { environment: 'nowhere' }), 404, 'ENVIRONMENT_UNKNOWN');
    const digest = digestOf('missing');
    const unknown = await call('GET', routePath(routes.showSnapshot.path, { repository: 'dynamease', digest }));
    expectProblem(unknown, 404, 'SNAPSHOT_UNKNOWN');
    const noDigest = await call('GET', routePath(routes.showSnapshot.path, { repository: 'dynamease', digest: 'latest' }));
    expectProblem(noDigest, 400, 'REFERENCE_INVALID');
    const empty = await call('GET', routePath(routes.listSnapshots.path, { repository: 'never/used' }));
    expect(empty).toMatchObject({ status: 200, body: { items: [] } });
  });

  it('fail visibly, as the job says', async () => {
    beforePublishing = async () => {
      throw new DynDataError('SOURCE_AUTH_FAILED', 'Correct the password of the source "mysql".');
    };
    const job = await create({ environment: 'prod' });
    const { jobs } = await follow(job.id);
    beforePublishing = async () => undefined;
    expect(jobs.at(-1)).toMatchObject({ state: 'failed', error: { code: 'SOURCE_AUTH_FAILED' } });
  });

  it('are cancelled within seconds, leaving no tag', async () => {
    beforePublishing = ({ signal }) => sleep(3_600_000, undefined, { signal });
    const job = await create({ environment: 'test', tag: 'never' });
    const following = follow(job.id);
    await expect.poll(async () => (await registry.jobs.get(job.id)).state).toBe('running');
    const cancelled = await call('POST', routePath(routes.cancelJob.path, { id: job.id }));
    expect(cancelled.status).toBe(202);
    expect((await following).jobs.at(-1)?.state).toBe('cancelled');
    beforePublishing = async () => undefined;
    expectProblem(await call('GET', routePath(routes.showTag.path, { repository: 'team/test', tag: 'never' })), 404, 'TAG_UNKNOWN');
  });
});

describe('tags', () => {
  it('are moved, listed page by page and removed', async () => {
    const digest = await builtDigest();
    const path = (tag: string) => routePath(routes.moveTag.path, { repository: 'dynamease', tag });
    for (const tag of ['alpha', 'beta', 'gamma', 'Delta']) {
      const moved = await call('PUT', path(tag), { digest });
      expect(moved.status).toBe(200);
      expect(routes.moveTag.answer.parse(moved.body)).toMatchObject({ tag, digest });
    }
    const seen: string[] = [];
    let after = '';
    do {
      const query: string = after === '' ? '?limit=2' : `?limit=2&after=${encodeURIComponent(after)}`;
      const { body } = await call('GET', `${routePath(routes.listTags.path, { repository: 'dynamease' })}${query}`);
      const page = routes.listTags.answer.parse(body);
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map(({ tag }) => tag));
      after = page.next ?? '';
    } while (after !== '');
    expect(seen).toEqual(['Delta', 'alpha', 'beta', 'gamma', 'prod-2024-05']);
    const removed = await call('DELETE', path('beta'));
    expect(removed).toMatchObject({ status: 204, body: undefined });
    expectProblem(await call('GET', path('beta')), 404, 'TAG_UNKNOWN');
    expect((await call('DELETE', path('beta'))).status).toBe(204);
  });

  it('do not move to what is not there', async () => {
    const path = routePath(routes.moveTag.path, { repository: 'dynamease', tag: 'alpha' });
    expectProblem(await call('PUT', path, { digest: digestOf('missing') }), 404, 'SNAPSHOT_UNKNOWN');
    expectProblem(await call('PUT', path, { digest: 'sha256:1' }), 400, 'REQUEST_INVALID');
    const bad = routePath(routes.moveTag.path, { repository: 'dynamease', tag: '.bad' });
    expectProblem(await call('PUT', bad, { digest: digestOf('x') }), 400, 'REFERENCE_INVALID');
  });

  it('belong to repositories whose names may have slashes', async () => {
    const job = await create({ environment: 'test', tag: 'nightly' });
    const digest = (await follow(job.id)).jobs.at(-1)?.digest;
    const answer = await call('GET', routePath(routes.showTag.path, { repository: 'team/test', tag: 'nightly' }));
    expect(answer.body).toMatchObject({ tag: 'nightly', digest });
  });
});

describe('lists', () => {
  it('of environments and jobs are paged too', async () => {
    const environments = routes.listEnvironments.answer.parse((await call('GET', `${routes.listEnvironments.path}?limit=1`)).body);
    expect(environments).toEqual({ items: [{ name: 'prod', repository: 'dynamease', sources: ['mysql', 'ldap'] }], next: 'prod' });
    const rest = routes.listEnvironments.answer.parse((await call('GET', `${routes.listEnvironments.path}?after=prod`)).body);
    expect(rest).toEqual({ items: [{ name: 'test', repository: 'team/test', sources: ['mysql'] }] });

    const all = routes.listJobs.answer.parse((await call('GET', routes.listJobs.path)).body).items.map(({ id }) => id);
    expect(all.length).toBeGreaterThan(2);
    const first = routes.listJobs.answer.parse((await call('GET', `${routes.listJobs.path}?limit=2`)).body);
    expect(first.items.map(({ id }) => id)).toEqual(all.slice(0, 2));
    const second = routes.listJobs.answer.parse((await call('GET', `${routes.listJobs.path}?after=${first.next}`)).body);
    expect(second.items.map(({ id }) => id)).toEqual(all.slice(2));
  });

  it('refuse a query they do not understand', async () => {
    for (const query of ['?limit=0', '?limit=1001', '?limit=x', '?limit=1&limit=2', '?after=', '?offset=3']) {
      expectProblem(await call('GET', `${routes.listJobs.path}${query}`), 400, 'REQUEST_INVALID');
    }
  });
});

describe('requests that are wrong', () => {
  it('get a problem document for every kind of mistake', async () => {
    expectProblem(await call('GET', '/api/v1/nothing'), 404, 'NOT_FOUND');
    expectProblem(await call('GET', '/'), 404, 'NOT_FOUND');
    expectProblem(await call('PATCH', routes.listJobs.path), 405, 'METHOD_NOT_ALLOWED');
    expectProblem(await call('GET', '/api/v1/jobs/none'), 404, 'JOB_UNKNOWN');
    expectProblem(await call('GET', '/api/v1/jobs/none/events'), 404, 'JOB_UNKNOWN');
    expectProblem(await call('POST', '/api/v1/jobs/none/cancel'), 404, 'JOB_UNKNOWN');
    expectProblem(
      await call('POST', routes.createSnapshot.path, { environment: 'prod', extra: 'value-not-repeated' }),
      400,
      'REQUEST_INVALID',
    );
    expectProblem(await call('POST', routes.createSnapshot.path, { environment: 'prod', tag: 'not a tag' }), 400, 'REQUEST_INVALID');
    expectProblem(await call('POST', routes.createSnapshot.path, []), 400, 'REQUEST_INVALID');
  });

  it.each([
    ['malformed JSON', 400, 'REQUEST_INVALID', { 'content-type': 'application/json' }, '{"environment": "pr'],
    ['another content type', 415, 'MEDIA_TYPE_UNSUPPORTED', { 'content-type': 'text/plain' }, '{"environment":"prod"}'],
    ['no content type', 415, 'MEDIA_TYPE_UNSUPPORTED', {}, '{"environment":"prod"}'],
    [
      'a body that is too large',
      413,
      'REQUEST_TOO_LARGE',
      { 'content-type': 'application/json' },
      JSON.stringify({ environment: 'x'.repeat(100_000) }),
    ],
    ['no body', 400, 'REQUEST_INVALID', { 'content-type': 'application/json' }, ''],
  ] as const)('as %s', async (_name, status, code, headers, body) => {
    const jobsBefore = (await Array.fromAsync(registry.jobs.list())).length;
    const lengths = { 'content-length': String(Buffer.byteLength(body)) };
    const answer = await rawRequest(registry.port, routes.createSnapshot.path, {
      method: 'POST',
      headers: { ...headers, ...lengths },
      body,
    });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code });
    expect((await Array.fromAsync(registry.jobs.list())).length).toBe(jobsBefore);
  });

  it.each([
    '/api/v1/repositories/..%2F..%2Fetc/tags/passwd',
    '/api/v1/repositories/dynamease/tags/..%2F..%2Fsnapshots',
    '/api/v1/repositories/../../etc/passwd',
    '/api/v1/repositories/%2e%2e/tags',
    '/api/v1/repositories/dynamease/snapshots/..%2f..%2f',
    '/api/v1/repositories/%00/tags',
    '/api/v1/repositories/%ff/tags',
    '/api/v1/jobs/%',
  ])('such as %s do not get out of the store', async (path) => {
    const answer = await rawRequest(registry.port, path);
    expect([400, 404]).toContain(answer.status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  it('are refused under a name that is not this machine’s', async () => {
    for (const host of ['attacker.example', 'attacker.example:5000', '127.0.0.1.attacker.example']) {
      const answer = await rawRequest(registry.port, '/v2/', { headers: { host } });
      expect(answer.status).toBe(403);
    }
    for (const host of ['localhost:5000', '127.0.0.1', '[::1]:5000', 'LOCALHOST']) {
      expect((await rawRequest(registry.port, '/v2/', { headers: { host } })).status).toBe(200);
    }
  });
});

describe('the service', () => {
  it('says that it lives and is ready', async () => {
    expect(await call('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok', version: '0.0.0-test' } });
    expect(await call('GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });
  });

  it('writes one line per request with its id', async () => {
    const answer = await call('GET', '/api/v1/environments');
    const requestId = answer.headers.get('x-request-id') ?? '';
    expect(requestId).not.toBe('');
    await expect.poll(registry.log).toContain(requestId);
    const line =
      registry
        .log()
        .split('\n')
        .find((text) => text.includes(requestId)) ?? '';
    expect(JSON.parse(line)).toMatchObject({ requestId, method: 'GET', path: '/api/v1/environments', status: 200, isWhole: true });
  });

  it('listens on loopback addresses only, and says when a port is taken', async () => {
    const { blobs, catalog, uploads, openPush, operators, requestKeys, jobs, access } = registry;
    const logger = createLog({ write: () => undefined });
    const second = createRegistry({
      blobs,
      catalog,
      uploads,
      openPush,
      operators,
      requestKeys,
      jobs,
      access,
      environments: [],
      logger,
      version: 'x',
      newId: randomUUID,
    });
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org']) {
      await expect(second.listen({ host, port: 0 })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(host),
      });
    }
    const taken = second.listen({ host: '127.0.0.1', port: registry.port });
    await expect(taken).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('in use') });
  });

  it('ends followers and builds promptly when it stops', async () => {
    const own = await mkdtemp(join(tmpdir(), 'dyn-data-stop-'));
    beforePublishing = ({ signal }) => sleep(3_600_000, undefined, { signal });
    const other = await startRegistry({ objects: await createFolderObjects({ folder: own, newId: randomUUID }), build, heartbeatMs: 50 });
    const job = await other.jobs.create({ kind: 'build', environment: 'prod', repository: 'dynamease' });
    let received = '';
    const ended = new Promise<void>((resolve) => {
      get(`${other.url}${routePath(routes.followJob.path, { id: job.id })}`, (response) => {
        response.on('data', (piece: Buffer) => {
          received += piece.toString();
        });
        response.once('close', resolve);
      });
    });
    await expect.poll(() => received).toContain('running');
    await other.stop();
    await ended;
    beforePublishing = async () => undefined;
    expect(received).toContain('"state":"cancelled"');
    await rm(own, { recursive: true, force: true });
  });
});
