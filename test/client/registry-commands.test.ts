import { beforeEach, describe, expect, test } from 'vitest';
import { routePath, routes } from '../../core/contract.ts';
import { DynDataError } from '../../core/errors.ts';
import type { Job } from '../../core/job.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { makeDataImage } from '../support/data-image.ts';
import { postgresSource } from '../support/shop-data.ts';
import { jobEvent, type SmallRegistry, sendJson, sendProblem, startSmallRegistry } from '../support/small-registry.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const progress = {
  step: 'extract',
  current: 'mysql/users',
  tablesDone: 1,
  tablesTotal: 4,
  rowsDone: 500,
  rowsEstimated: 1000,
  bytesDone: 12_345,
} as const;
const queued: Job = {
  id: 'j1',
  kind: 'build',
  environment: 'prod',
  repository: 'shop',
  tag: 'may',
  state: 'queued',
  createdAt: '2024-05-01T00:00:00Z',
  attempts: 0,
};

let registry: SmallRegistry;
let client: ClientProject;

beforeEach(async () => {
  registry = await startSmallRegistry();
  client = await createClientProject({ registry: registry.url });
  return async () => {
    await client[Symbol.asyncDispose]();
    await registry.close();
  };
});

describe('ls', () => {
  test('reads every page and shows the newest snapshot first', async () => {
    for (let day = 1; day <= 5; day += 1) {
      registry.add(
        'shop',
        day === 2 ? undefined : `day-${day}`,
        await makeDataImage([postgresSource({ installations: 1000 + day })]),
        `2024-05-0${day}T00:00:00Z`,
      );
    }
    const { exitCode, stdout, stderr } = await client.run(['ls']);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^TAG +DIGEST +AGE +SIZE +ROWS +SOURCES +CONSISTENT +PINNED$/);
    expect(lines.slice(1).map((line) => line.split(/ {2,}/)[0])).toEqual(['day-5', 'day-4', 'day-3', '-', 'day-1']);
    expect(lines[1]).toMatch(/sha256:[0-9a-f]{12} +\d+ years? +[\d.]+ kB +1,005 +push +yes +-$/);
    expect(registry.requests.filter((line) => line.endsWith('/snapshots'))).toHaveLength(3);

    const document = JSON.parse((await client.run(['ls', '--json'])).stdout);
    expect(document).toMatchObject({ version: 1, repository: 'shop' });
    expect(document.snapshots).toHaveLength(5);
  });

  test('says how to take a first snapshot where there is none', async () => {
    expect((await client.run(['ls'])).stdout).toContain('has no snapshots yet. Take one with: dyn-data snapshot create');
  });

  test('shows what the registry says about an error', async () => {
    registry.answer(routePath(routes.listSnapshots.path, { repository: 'shop' }), (_request, response) =>
      sendProblem(response, new DynDataError('STORAGE_UNREACHABLE', 'The storage does not answer.', { details: ['bucket: shop'] })),
    );
    const { exitCode, stderr } = await client.run(['ls']);
    expect(stderr).toBe('error STORAGE_UNREACHABLE: The storage does not answer.\n  bucket: shop\n');
    expect(exitCode).toBe(5);
  });

  test('is not confused by a server that is no registry', async () => {
    registry.answer(
      routePath(routes.listSnapshots.path, { repository: 'shop' }),
      (_request, response) => void response.end('<html>hello</html>'),
    );
    const { exitCode, stderr } = await client.run(['ls']);
    expect(stderr).toContain('error REGISTRY_FAILED');
    expect(exitCode).toBe(5);
  });
});

describe('snapshot create', () => {
  const create = (answers: (request: { body: unknown }) => void): void =>
    registry.answer(routes.createSnapshot.path, (request, response) => {
      let text = '';
      request.on('data', (piece) => {
        text += piece;
      });
      request.on('end', () => {
        answers({ body: JSON.parse(text) });
        sendJson(response, 202, queued);
      });
    });
  const follow = (streams: readonly (readonly Job[])[]): void => {
    let connection = 0;
    registry.answer(routePath(routes.followJob.path, { id: 'j1' }), (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const job of streams[connection] ?? []) response.write(`: keep-alive\n\n${jobEvent(job)}`);
      connection += 1;
      // A cut, unless the job has ended.
      setTimeout(() => response.destroy(), 50);
    });
  };

  test('without --follow gives the job', async () => {
    const bodies: unknown[] = [];
    create(({ body }) => bodies.push(body));
    const { exitCode, stdout } = await client.run(['snapshot', 'create', 'prod', '--tag', 'may']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('as job j1');
    expect(bodies).toEqual([{ environment: 'prod', tag: 'may' }]);
  });

  test('--follow shows progress as lines, survives a cut, and ends with the digest and the next step', async () => {
    create(() => undefined);
    const running: Job = { ...queued, state: 'running', progress };
    follow([
      [queued, running],
      [
        { ...running, progress: { ...progress, step: 'publish' } },
        { ...running, state: 'succeeded', digest, progress: { ...progress, step: 'publish', rowsDone: 1000, tablesDone: 4 } },
      ],
    ]);
    const { exitCode, stdout, stderr } = await client.run(['snapshot', 'create', 'prod', '--tag', 'may', '--follow']);
    expect(exitCode).toBe(0);
    expect(stderr.split('\n')).toEqual([
      'Job j1: snapshot of prod',
      'queued',
      'extract [##########          ]  50 %  table 1 of 4  500 rows  12.3 kB  mysql/users',
      'publish',
      '',
    ]);
    expect(stdout).toBe(
      `Snapshot of prod, tagged may\n  ${digest}\n  1,000 rows in 4 tables, 12.3 kB\nNext: dyn-data pull may && dyn-data up\n`,
    );
  });

  test('--follow says that a failure is tried again, and when', async () => {
    create(() => undefined);
    const error = { code: 'SOURCE_UNREACHABLE', detail: 'Start the source.', details: [] };
    const waiting: Job = { ...queued, attempts: 1, error, retryAt: '2024-05-01T00:00:10Z' };
    follow([[queued, waiting, waiting, { ...queued, attempts: 2, state: 'failed', error }]]);
    const { exitCode, stderr } = await client.run(['snapshot', 'create', 'prod', '--follow']);
    expect(exitCode).toBe(5);
    expect(stderr.match(/SOURCE_UNREACHABLE: Start the source\. It is tried again at 2024-05-01T00:00:10Z\./g)).toHaveLength(1);
  });

  test("a failed job ends with the job's own error, its details and its exit code", async () => {
    create(() => undefined);
    follow([
      [
        {
          ...queued,
          state: 'failed',
          error: { code: 'POLICY_UNDECIDED', detail: 'Add rules for 1 column.', details: ['mysql:', '  users.ssn: ...'] },
        },
      ],
    ]);
    const { exitCode, stdout, stderr } = await client.run(['snapshot', 'create', 'prod', '--follow']);
    expect(stdout).toBe('');
    expect(stderr).toContain('error POLICY_UNDECIDED: Add rules for 1 column.\n  mysql:\n    users.ssn: ...\n');
    expect(exitCode).toBe(4);
  });

  test('an environment that does not exist is refused with what the registry says', async () => {
    registry.answer(routes.createSnapshot.path, (_request, response) =>
      sendProblem(response, new DynDataError('ENVIRONMENT_UNKNOWN', 'There is no environment "x". There are: prod.')),
    );
    const { exitCode, stderr } = await client.run(['snapshot', 'create', 'x', '--follow', '--json']);
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'ENVIRONMENT_UNKNOWN', message: 'There is no environment "x". There are: prod.', details: [], exitCode: 3 },
    });
    expect(exitCode).toBe(3);
  });
});
