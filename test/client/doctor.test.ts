import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Check } from '../../client/checks/check.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { type GuardedRegistry, startGuardedRegistry } from '../support/guarded-registry.ts';

let registry: GuardedRegistry;
let client: ClientProject;
let home = '';
let env: Record<string, string>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'dyn-data-doctor-home-'));
  registry = await startGuardedRegistry(createMemoryObjects());
  env = {
    XDG_CONFIG_HOME: home,
    DOCKER_CONFIG: join(home, 'docker'),
    DOCKER_HOST: 'unix:///nonexistent/docker.sock',
    DYN_DATA_TOKEN: '',
    DYN_DATA_REGISTRY: '',
  };
  client = await createClientProject({ registry: registry.url, repository: 'dynamease', env });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await registry.stop();
  await rm(home, { recursive: true, force: true });
});

const examine = async (more: Record<string, string> = {}, project = client) => {
  const { stdout, stderr, exitCode } = await project.run(['doctor', '--json'], more);
  expect(stderr).toBe('');
  const { checks, healthy } = JSON.parse(stdout) as { checks: Check[]; healthy: boolean };
  return { exitCode, healthy, check: (name: string) => checks.find((one) => one.name === name), text: stdout };
};

describe('doctor', () => {
  test('says what is wrong and what to do, a line each, and ends as the first failure would', async () => {
    const { stdout, stderr, exitCode } = await client.run(['doctor']);
    expect(stderr).toBe('');
    expect(exitCode).toBe(5);
    expect(stdout).toMatch(/^ok {4}client +Node\.js \d/m);
    expect(stdout).toMatch(/^ok {4}project +\/.*dyn-data\.yaml$/m);
    expect(stdout).toMatch(/^fail {2}engine +No Docker engine answers\./m);
    expect(stdout).toMatch(/^ +→ Start it \(Docker Desktop/m);
    expect(stdout).toMatch(/^ok {4}registry +http:.* answers$/m);
    expect(stdout).toMatch(/^ok {4}clock /m);
    expect(stdout).toMatch(/^\d to be mended, \d to be looked at, \d well\.$/m);
  });

  test('judges credentials, and never prints them', async () => {
    expect((await examine()).check('credentials')).toMatchObject({
      state: 'fail',
      code: 'UNAUTHENTICATED',
      cure: expect.stringContaining('dyn-data login'),
    });
    const soon = new Date(Date.now() + 86_400_000).toISOString();
    const [reader, ending, other] = [
      await registry.issue('reader', ['dynamease']),
      await registry.issue('reader', ['*'], soon),
      await registry.issue('reader', ['team/*']),
    ];
    const withToken = (token: string) => examine({ DYN_DATA_TOKEN: token, DYN_DATA_REGISTRY: registry.url });
    const good = await withToken(reader.text);
    expect(good.check('credentials')).toMatchObject({ state: 'ok', found: '"reader of a test": reader of dynamease' });
    expect(good.check('docker login')).toMatchObject({ state: 'warn', cure: expect.stringContaining('dyn-data login') });
    expect(good.text).not.toContain(reader.text);
    expect((await withToken(ending.text)).check('credentials')).toMatchObject({
      state: 'warn',
      found: expect.stringMatching(/\(2[34] hours left\)|\(1 day left\)/),
    });
    expect((await withToken(other.text)).check('credentials')).toMatchObject({ state: 'fail', code: 'ACCESS_DENIED' });
    const wrong = await withToken(`${reader.text.slice(0, -4)}aaaa`);
    expect(wrong.check('credentials')).toMatchObject({ state: 'fail', code: 'UNAUTHENTICATED' });
    expect(wrong.text).not.toContain(reader.text.slice(4, 40));
    await mkdir(join(home, 'docker'));
    await writeFile(join(home, 'docker', 'config.json'), JSON.stringify({ auths: { [new URL(registry.url).host]: { auth: 's3cr3t' } } }));
    const loggedIn = await withToken(reader.text);
    expect(loggedIn.check('docker login')).toMatchObject({ state: 'ok' });
    expect(loggedIn.text).not.toContain('s3cr3t');
  });

  test('without a project it looks at the machine, and says how to make one', async () => {
    const file = join(home, 'empty');
    await mkdir(file);
    const { exitCode, stdout } = await client.run(['doctor', '--config', join(file, 'dyn-data.yaml')]);
    expect(stdout).toMatch(/^fail {2}project +.*does not exist/m);
    expect(stdout).toContain('→ Go to the folder of your project, or make one: dyn-data init');
    expect(stdout).toMatch(/^fail {2}engine /m);
    expect(exitCode).toBe(2);
  });

  /** A docker of this script, before the machine's own. */
  const withDocker = async (name: string, commands: Record<string, string>) => {
    const folder = join(home, name);
    await mkdir(folder);
    for (const [command, script] of Object.entries(commands)) {
      await writeFile(join(folder, command), `#!/bin/sh\n${script}\n`);
      await chmod(join(folder, command), 0o755);
    }
    return examine({ PATH: `${folder}${delimiter}${process.env.PATH}` });
  };

  test.runIf(process.platform === 'linux')('a disk without room fails, and little memory is to be looked at', async () => {
    // /proc has no room at all.
    const info = '{"root":"/proc","memoryBytes":1000000000,"cores":2}';
    const docker = `case "$1" in version) echo 28.5.1 ;; info) echo '${info}' ;; *) exit 1 ;; esac`;
    const { check } = await withDocker('full', { docker });
    expect(check('disk')).toMatchObject({
      state: 'fail',
      code: 'DISK_FULL',
      found: '0 B free in /proc',
      cure: expect.stringContaining('docker image prune'),
    });
    expect(check('memory')).toMatchObject({ state: 'warn', found: '1.0 GB, 2 cores', cure: expect.stringContaining('3.0 GB or more') });
  });

  test('Compose v1 is refused by its name', async () => {
    // What an old Debian has: an engine, no plugin, and the program of before it.
    const { check, exitCode } = await withDocker('old', {
      docker: 'if [ "$1" = version ]; then echo 20.10.24; else echo "docker: unknown command" >&2; exit 1; fi',
      'docker-compose': 'echo 1.29.2',
    });
    expect(check('engine')).toMatchObject({ state: 'ok', found: 'Docker 20.10.24' });
    expect(check('compose')).toMatchObject({
      state: 'fail',
      code: 'COMPOSE_UNAVAILABLE',
      found: expect.stringContaining('there is only docker-compose 1.29.2, which is Compose v1'),
      cure: expect.stringContaining('Install the plugin'),
    });
    expect(exitCode).toBe(5);
  });
});

describe('the registry of a project', () => {
  let server: Server;
  let answer: { status: number; date: string };
  let project: ClientProject;
  beforeAll(async () => {
    server = createServer((_request, response) => {
      response.sendDate = false;
      response.writeHead(answer.status, { date: answer.date, 'content-type': 'application/json' }).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    project = await createClientProject({ registry: `http://127.0.0.1:${port}`, env });
  });
  afterAll(async () => {
    await project[Symbol.asyncDispose]();
    server.close();
  });
  const at = (offMs: number): string => new Date(Date.now() + offMs).toUTCString();

  test.each([
    [0, 'ok', undefined],
    [-60_000, 'warn', undefined],
    [3_600_000, 'fail', 'CLOCK_SKEWED'],
  ])('with a clock that is %i ms off', async (offMs, state, code) => {
    answer = { status: 200, date: at(offMs) };
    const { check } = await examine({}, project);
    expect(check('clock')).toMatchObject({ state, ...(code ? { code } : {}) });
  });

  test('that is none, or does not answer, is a failure', async () => {
    answer = { status: 503, date: at(0) };
    expect((await examine({}, project)).check('registry')).toMatchObject({ state: 'fail', code: 'REGISTRY_FAILED' });
    server.close();
    server.closeAllConnections();
    expect((await examine({}, project)).check('registry')).toMatchObject({ state: 'fail', code: 'REGISTRY_UNREACHABLE' });
  });
});
