import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestHex, digestOf } from '../../core/digest.ts';
import { DynDataError } from '../../core/errors.ts';
import { createMemoryObjects } from '../../storage/memory-objects.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { publishImage } from '../support/published-image.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';

const objects = createMemoryObjects();
let registry: RunningRegistry;
let client: ClientProject;
let failure: DynDataError | undefined;
let isHeld = false;

beforeAll(async () => {
  registry = await startRegistry({
    objects,
    build:
      (ports) =>
      async ({ environment, tag }, { signal }) => {
        if (isHeld) await sleep(60_000, undefined, { signal });
        if (failure) throw failure;
        return publishImage(ports, {
          repository: 'dynamease',
          environment,
          layers: [[{ path: 'snapshot/a', bytes: new Uint8Array(10) }]],
          ...(tag === undefined ? {} : { tag }),
        });
      },
  });
  client = await createClientProject({ registry: registry.url });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await registry.stop();
});

const json = (args: readonly string[]) => client.runJson(args);
const create = async (): Promise<string> => (await json(['snapshot', 'create', 'prod', '--tag', 'may'])).id;

/** What lies between a client and the registry, and acts before it sends on a request of this method. */
async function startMeddler(target: string, method: string, act: () => Promise<void>) {
  const server = createServer(async (incoming, outgoing) => {
    const body = await text(incoming);
    if (incoming.method === method) await act();
    const headers = new Headers(incoming.headers as Record<string, string>);
    for (const name of ['connection', 'content-length', 'host', 'transfer-encoding']) headers.delete(name);
    const sent = { method: incoming.method ?? 'GET', headers, ...(body === '' ? {} : { body }) };
    const answer = await fetch(`${target}${incoming.url}`, sent);
    outgoing.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '', etag: answer.headers.get('etag') ?? '' });
    outgoing.end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('jobs', () => {
  test('are listed, shown, followed and have a log', async () => {
    expect((await client.run(['jobs', 'list'])).stdout).toBe('No jobs.\n');
    const id = await create();
    expect(await json(['jobs', 'follow', id])).toMatchObject({ id, state: 'succeeded', tag: 'may' });
    const { stdout } = await client.run(['jobs', 'list']);
    expect(stdout).toMatch(/^JOB +KIND +OF +STATE +AGE +TOOK +TAG +OUTCOME\n/);
    expect(stdout).toMatch(new RegExp(`^${id} +build +prod +succeeded .* may +sha256:`, 'm'));
    const shown = (await client.run(['jobs', 'show', id])).stdout;
    expect(shown).toMatch(/^state +succeeded$/m);
    expect(shown).toMatch(/^attempts +1$/m);
    const { entries } = await json(['jobs', 'log', id]);
    expect(entries.map(({ event }: { event: string }) => event)).toEqual(['created', 'started', 'succeeded']);
    expect((await client.run(['jobs', 'log', id])).stdout.split('\n')[1]).toMatch(/^\d{4}-\S+Z {2}started$/);
    expect((await json(['jobs', 'list', '--state', 'failed'])).jobs).toEqual([]);
    expect((await json(['jobs', 'list', '--kind', 'build', '--environment', 'prod', '--limit', '1'])).jobs).toHaveLength(1);
  });

  test('are cancelled, and followed to the end that they have', async () => {
    isHeld = true;
    const id = await create();
    await expect.poll(async () => (await registry.jobs.get(id)).state).toBe('running');
    const following = client.run(['jobs', 'follow', id]);
    expect((await client.run(['jobs', 'cancel', id])).exitCode).toBe(0);
    isHeld = false;
    const { exitCode, stderr } = await following;
    expect(exitCode).toBe(7);
    expect(stderr).toContain('error CANCELLED');
    expect((await client.run(['jobs', 'cancel', id])).stdout).toBe(`The job ${id} is cancelled.\n`);
  });

  test('verify what is stored, and name what is damaged', async () => {
    const { digest } = await json(['jobs', 'follow', await create()]);
    const whole = await json(['jobs', 'verify', '--repository', 'dynamease']);
    expect(whole).toMatchObject({ kind: 'verify', state: 'succeeded', repository: 'dynamease' });
    expect(whole.checked.snapshotsTotal).toBeGreaterThan(0);
    expect(await json(['jobs', 'verify', 'may', '--repository', 'dynamease'])).toMatchObject({
      snapshot: digest,
      checked: { snapshotsTotal: 1 },
    });
    const unknown = await client.run(['jobs', 'verify']);
    expect(unknown.exitCode).toBe(3);
    expect(unknown.stderr).toContain('error NOT_FOUND: The registry has no repository "shop".');
    const empty = await client.run(['jobs', 'verify', '--repository', 'team/test']);
    expect([empty.exitCode, empty.stderr]).toEqual([0, expect.stringContaining('The repository team/test has nothing yet')]);
    // The bytes of its one file, which both the layer and the stored chunk are made of.
    const key = `blobs/sha256/${digestHex(digestOf(new Uint8Array(10)))}`;
    const stored = await objects.read(key);
    if (!stored) throw new Error('a stored blob expected');
    const bytes = Buffer.concat(await Array.fromAsync(stored.bytes));
    await objects.write(key, Buffer.alloc(bytes.byteLength, 1), { sizeBytes: bytes.byteLength });
    const { exitCode, stderr } = await client.run(['jobs', 'verify', 'dynamease:may']);
    await objects.write(key, bytes, { sizeBytes: bytes.byteLength });
    expect(exitCode).toBe(6);
    expect(stderr).toContain('error VERIFY_FAILED');
    expect(stderr).toContain(digest);
  });

  test('that failed end the following as they do, and are tried again', async () => {
    failure = new DynDataError('SOURCE_AUTH_FAILED', 'Correct the password.', { details: ['mysql'] });
    const id = await create();
    const { exitCode, stderr } = await client.run(['jobs', 'follow', id]);
    failure = undefined;
    expect(exitCode).toBe(4);
    expect(stderr).toContain('error SOURCE_AUTH_FAILED: Correct the password.\n  mysql\n');
    const again = await json(['jobs', 'retry', id]);
    expect(again.retryOf).toBe(id);
    expect((await json(['jobs', 'follow', again.id])).state).toBe('succeeded');
    const refused = await client.run(['jobs', 'retry', again.id]);
    expect(refused.exitCode).toBe(4);
    expect(refused.stderr).toContain('error JOB_NOT_RETRYABLE');
  });

  test.each([
    [['jobs', 'show', 'none'], 3, 'JOB_UNKNOWN'],
    [['jobs', 'list', '--state', 'lost'], 2, 'Allowed choices are queued, running'],
    [['jobs', 'list', '--limit', '0'], 2, 'A whole number above 0'],
  ])('%j is refused', async (args, expected, words) => {
    const { exitCode, stderr } = await client.run(args);
    expect(exitCode).toBe(expected);
    expect(stderr).toContain(words);
  });
});

describe('schedule', () => {
  const definition = ['--environment', 'prod', '--cron', '30 2 * * *', '--time-zone', 'Europe/Paris', '--tag', 'prod-{yyyy}-{MM}-{dd}'];

  test('makes, shows, changes, pauses, resumes, runs and removes schedules', async () => {
    expect((await client.run(['schedule', 'list'])).stdout).toContain('No schedules. Make one with: dyn-data schedule create');
    const created = await json(['schedule', 'create', 'nightly', ...definition, '--alias', 'prod-latest', '--catch-up']);
    expect(created).toMatchObject({ name: 'nightly', timeZone: 'Europe/Paris', alias: 'prod-latest', catchUp: true, enabled: true });
    const { stdout } = await client.run(['schedule', 'list']);
    expect(stdout).toMatch(
      /^NAME +ENVIRONMENT +CRON +TIME ZONE +TAG +NEXT +MISSED\nnightly +prod +30 2 \* \* \* +Europe\/Paris +prod-\{yyyy\}-\{MM\}-\{dd\} +\d{4}-.*Z +0\n$/,
    );
    expect((await json(['schedule', 'change', 'nightly', ...definition])).catchUp).toBe(false);
    expect((await client.run(['schedule', 'pause', 'nightly'])).stdout).toMatch(/^state +paused$/m);
    expect((await client.run(['schedule', 'resume', 'nightly'])).stdout).toMatch(/^state +enabled$/m);
    const job = await json(['schedule', 'run', 'nightly']);
    expect(job.tag).toMatch(/^prod-\d{4}-\d\d-\d\d$/);
    expect((await json(['jobs', 'follow', job.id])).state).toBe('succeeded');
    expect((await client.run(['schedule', 'show', 'nightly'])).stdout).toMatch(/^cron +30 2 \* \* \* \(Europe\/Paris\)$/m);
    expect((await client.run(['schedule', 'rm', 'nightly'])).stdout).toContain('is removed');
    expect((await client.run(['schedule', 'show', 'nightly'])).exitCode).toBe(3);
  });

  test('says what is wrong', async () => {
    const bad = await client.run(['schedule', 'create', 'bad', '--environment', 'prod', '--cron', 'at night', '--tag', 'x']);
    expect(bad.exitCode).toBe(4);
    expect(bad.stderr).toMatch(/error SCHEDULE_INVALID: .*\n {2}cron: five fields expected/);
    expect((await client.run(['schedule', 'create', 'Bad Name', ...definition])).exitCode).toBe(2);
    expect((await client.run(['schedule', 'create', 'bad'])).stderr).toContain('--environment');
  });

  test('does not change one that somebody else has changed', async () => {
    const { updatedAt } = await json(['schedule', 'create', 'shared', ...definition]);
    const since = (time: string) => client.run(['schedule', 'change', 'shared', ...definition, '--unchanged-since', time]);
    expect((await since('yesterday')).exitCode).toBe(2);
    expect((await since(updatedAt)).exitCode).toBe(0);
    const changed = (await client.run(['schedule', 'show', 'shared'])).stdout.match(/^changed +(\S+)$/m)?.[1] ?? '';
    await registry.schedules.pause('shared');
    const late = await since(changed);
    expect(late.exitCode).toBe(4);
    expect(late.stderr).toContain('error PRECONDITION_FAILED: Somebody else has changed the schedule shared meanwhile');
    await using meddling = await startMeddler(registry.url, 'PUT', async () => {
      await registry.schedules.update('shared', { ...(await registry.schedules.get('shared')), tag: 'theirs' });
    });
    await using other = await createClientProject({ registry: meddling.url });
    const { exitCode, stderr } = await other.run(['schedule', 'change', 'shared', ...definition]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain('error PRECONDITION_FAILED: Somebody else has changed the schedule shared meanwhile');
    expect((await registry.schedules.get('shared')).tag).toBe('theirs');
  });
});
