import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMemoryObjects } from '../../storage/index.ts';
import { bundledClient, clientBundle } from '../support/client-bundle.ts';
import { type GuardedRegistry, startGuardedRegistry } from '../support/guarded-registry.ts';
import { publishImage } from '../support/published-image.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';

let folder: string;
let registry: GuardedRegistry;
/** Takes connections and answers nothing. */
let mute: Server;
let token: string;
const ids: Record<string, string> = {};

const composeFile = `
include:
  - more/compose.yaml
  - { path: [more/search.yaml, more/absent.yaml], project_directory: . }
  - \${ELSEWHERE}/compose.yaml
  - oci://registry.example.test/compose
services:
  mysql: { image: mysql, labels: { dyn-data.source: mysql } }
  nginx: { image: nginx }
  "$(touch x)": { image: nginx }
`;
const configFor = (address: string, more: object = {}): string =>
  JSON.stringify({ version: 1, registry: address, repository: 'dynamease', stack: { files: ['docker-compose.yml'] }, ...more });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-names-'));
  registry = await startGuardedRegistry(createMemoryObjects(), {
    build:
      (ports) =>
      ({ environment }) =>
        environment === 'prod'
          ? publishImage(ports, { repository: 'dynamease', environment, layers: [] })
          : Promise.reject(new Error('the test environment cannot be built')),
  });
  const admin = await registry.issue('admin', ['*']);
  token = admin.text;
  ids.token = admin.id;
  mute = createServer();
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  await writeFile(join(folder, 'docker-compose.yml'), composeFile);
  await writeFile(join(folder, 'dyn-data.yaml'), configFor(registry.url));
  await mkdir(join(folder, 'more/deep'), { recursive: true });
  await writeFile(
    join(folder, 'more/compose.yaml'),
    'include: [deep/compose.yaml]\nservices: { ldap: { labels: { dyn-data.source: ldap } } }\n',
  );
  // Around again.
  await writeFile(join(folder, 'more/deep/compose.yaml'), 'include: [../compose.yaml]\nservices: { deeper: { image: a } }\n');
  await writeFile(join(folder, 'more/search.yaml'), 'services: { search: { image: a } }\n');
  await mkdir(join(folder, 'mute'));
  await writeFile(join(folder, 'mute/docker-compose.yml'), composeFile);
  const { port } = mute.address() as { port: number };
  await writeFile(join(folder, 'mute/dyn-data.yaml'), configFor(`http://127.0.0.1:${port}`, { snapshot: 'prod-latest' }));
  await writeFile(
    join(folder, 'mute/dyn-data.lock'),
    `version: 1\nrepository: dynamease\ndigest: ${registry.digests.dynamease}\ntag: pinned\n`,
  );
  await client('login', '--no-docker');
  for (const environment of ['prod', 'test']) {
    const { stdout } = await client('snapshot', 'create', environment, '--json');
    ids[environment] = JSON.parse(stdout).id;
    await client('jobs', 'follow', ids[environment] ?? '');
  }
  ids.pin = JSON.parse((await client('snapshot', 'pin', 'may', '--why', 'a bug', '--json')).stdout).id;
  await client('schedule', 'create', 'nightly', '--environment', 'prod', '--cron', '30 2 * * *', '--tag', 'prod-{yyyy}-{MM}-{dd}');
});
afterAll(async () => {
  mute.close();
  await registry.stop();
  await rm(folder, { recursive: true });
});
const client = (...args: string[]) =>
  runOnTerminal(args, { folder, columns: undefined, env: { XDG_CONFIG_HOME: folder, PATH: '' }, typed: token });
const completing = (line: string) => client('__complete', '--', ...line.split(' ').filter((word) => word !== ''));

test.each([
  ['pull', ['may']],
  ['show', ['may']],
  ['tag set', ['may']],
  ['tag set new', ['may']],
  ['rm may --tag', []],
  ['snapshot rm other --tag', ['may']],
  ['diff', ['may']],
  ['diff may', []],
  ['pull dynamease :', ['may']],
  ['diff may dynamease :', ['may']],
  ['diff dynamease : may', []],
  ['pull nothing :', []],
  ['pull No/Name :', []],
  ['logs dynamease :', []],
  ['snapshot create', ['prod', 'test']],
  ['jobs list --environment', ['prod', 'test']],
  ['policy diff may', ['prod', 'test']],
  ['schedule pause', ['nightly']],
  ['schedule create', []],
  ['logs', ['deeper', 'ldap', 'mysql', 'nginx', 'search']],
  ['logs nginx search ldap', ['deeper', 'mysql']],
  ['reset --service', ['ldap', 'mysql']],
  ['reset --service =', ['ldap', 'mysql']],
  ['--config mute/dyn-data.yaml logs', ['mysql', 'nginx']],
  // Not the value of that option, which no project knows.
  ['up --timeout', []],
  ['login', []],
  ['none', []],
  ['', []],
])('after "%s"', async (line, words) => {
  const { exitCode, stdout, stderr } = await completing(line);
  const offered = stdout.split('\n').flatMap((one) => one.split('\t')[0] || []);
  expect([exitCode, stderr, offered.sort()]).toEqual([0, '', words]);
});

test('with what tells them apart', async () => {
  const digest = registry.digests.dynamease?.slice(0, 'sha256:'.length + 12);
  expect((await completing('pull')).stdout).toBe(`may\t${digest}\n`);
  expect((await completing('snapshot unpin may --pin')).stdout).toBe(`${ids.pin}\ta bug\n`);
  expect((await completing('schedule show')).stdout).toBe('nightly\tprod, 30 2 * * *\n');
  expect((await completing('token revoke')).stdout).toBe(`${ids.token}\tadmin of a test, admin\n`);
});

test('jobs that the command can do something with', async () => {
  expect((await completing('jobs show')).stdout.trimEnd().split('\n').sort()).toEqual(
    [`${ids.prod}\tbuild prod, succeeded`, `${ids.test}\tbuild test, failed`].sort(),
  );
  expect((await completing('jobs retry')).stdout).toBe(`${ids.test}\tbuild test, failed\n`);
  expect((await completing('jobs cancel')).stdout).toBe('');
});

test('what the files of a project name is offered though the registry does not answer', async () => {
  const { stdout } = await completing('--config mute/dyn-data.yaml up');
  expect(stdout).toBe('pinned\tdyn-data.lock\nprod-latest\tdyn-data.yaml\n');
});

test('nothing is said of what is wrong', async () => {
  for (const config of ['none.yaml', 'docker-compose.yml'])
    expect(await completing(`--config ${config} pull`)).toMatchObject({ exitCode: 0, written: '' });
});

test('what cannot be cancelled does not hold the shell', async () => {
  await bundledClient();
  const home = join(folder, 'home');
  await mkdir(join(home, 'dyn-data'), { recursive: true });
  // Opening a pipe into which nobody writes waits where asking for the address of a host does.
  expect(spawnSync('mkfifo', [join(home, 'dyn-data/credentials.json')]).status).toBe(0);
  const args = [clientBundle, '__complete', '--', '--config', join(folder, 'mute/dyn-data.yaml'), 'up'];
  const { stdout, stderr, signal } = spawnSync(process.execPath, args, { env: { XDG_CONFIG_HOME: home }, encoding: 'utf8' });
  expect([stdout, stderr, signal]).toEqual(['pinned\tdyn-data.lock\nprod-latest\tdyn-data.yaml\n', '', 'SIGKILL']);
});
