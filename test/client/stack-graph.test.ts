import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCompose, requireMatchingSources, type Stack } from '../../client/compose.ts';
import { createRunner } from '../../client/process.ts';
import { openProject } from '../../client/project.ts';
import { dependencyLevels, needsOf } from '../../core/ordering.ts';
import { runCommand } from '../../scripts/run-command.ts';

/** `docker compose config` needs the program alone, no engine. */
const hasCompose = (await runCommand('docker', ['compose', 'version'])).exitCode === 0;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-graph-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Files = Readonly<Record<string, string>>;

/** The stack of these files as Compose reads it; the compose files are those that end in `.yml`. */
async function stackOf(files: Files, { env = {}, project }: { readonly env?: Files; readonly project?: string } = {}): Promise<Stack> {
  const own = await mkdtemp(join(folder, 'stack-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(own, name), text);
  const stack = { files: Object.keys(files).filter((name) => name.endsWith('.yml')), ...(project === undefined ? {} : { project }) };
  await writeFile(join(own, 'dyn-data.yaml'), JSON.stringify({ version: 1, registry: 'http://127.0.0.1:1', repository: 'shop', stack }));
  const processes = createRunner({
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DOCKER_HOST: 'unix:///nonexistent/docker.sock', ...env },
    signal: new AbortController().signal,
  });
  return createCompose({ processes, project: await openProject({ folder: own, configFile: undefined, env }) }).stack();
}

const one = (services: string): Files => ({ 'stack.yml': `services:\n${services}` });

describe.skipIf(!hasCompose)(`a stack as Compose reads it${hasCompose ? '' : ' [skipped: there is no docker compose]'}`, () => {
  test('starts a diamond in three steps, and what nobody depends on at once', async () => {
    const { graph, services } = await stackOf(
      one(`
  nginx: { image: a, depends_on: [left, right] }
  left: { image: a, depends_on: { db: { condition: service_healthy } } }
  right: { image: a, depends_on: { db: { condition: service_started } } }
  db: { image: a, labels: { dyn-data.source: main } }
  alone: { image: a, labels: ["dyn-data.source=push"] }
`),
    );
    expect(dependencyLevels(graph)).toEqual([['alone', 'db'], ['left', 'right'], ['nginx']]);
    expect([...services.values()].flatMap(({ name, source }) => (source === undefined ? [] : [[name, source]]))).toEqual([
      ['alone', 'push'],
      ['db', 'main'],
    ]);
    expect([...needsOf(graph, 'nginx')].sort()).toEqual(['db', 'left', 'right']);
    expect([...services.values()].filter(({ endsByItself }) => endsByItself)).toEqual([]);
  });

  test('waits for what a service is joined to in other ways than depends_on', async () => {
    const { graph, services } = await stackOf(
      one(`
  db: { image: a, labels: { dyn-data.source: main }, volumes: ["/data"] }
  sidecar: { image: a, network_mode: "service:db" }
  backup: { image: a, volumes_from: [db] }
  linked: { image: a, links: [db] }
  migrate: { image: a, depends_on: [linked] }
  app: { image: a, depends_on: { migrate: { condition: service_completed_successfully } } }
`),
    );
    expect(dependencyLevels(graph)).toEqual([['db'], ['backup', 'linked', 'sidecar'], ['migrate'], ['app']]);
    expect(services.get('migrate')).toMatchObject({ endsByItself: true });
  });

  test('names a cycle', async () => {
    const cycle = stackOf(
      one('  a: { image: x, depends_on: [b] }\n  b: { image: x, depends_on: [c] }\n  c: { image: x, depends_on: [a] }\n'),
    );
    await expect(cycle).rejects.toMatchObject({ code: 'STACK_CYCLE', message: expect.stringContaining('a → b → c → a') });
    const toItself = stackOf(one('  a: { image: x, depends_on: [a] }\n'));
    await expect(toItself).rejects.toMatchObject({ code: 'STACK_CYCLE', message: expect.stringContaining('a → a') });
  });

  test('names what a service depends on and is not there', async () => {
    const invalid = stackOf(one('  a: { image: x, depends_on: [ghost] }\n'));
    await expect(invalid).rejects.toMatchObject({ code: 'STACK_INVALID', details: [expect.stringContaining('ghost')] });
  });

  test('names a source without a service, a service without a source, and a source with two', async () => {
    const labelled = (sources: Readonly<Record<string, string>>): Promise<Stack> =>
      stackOf(one(['db', 'directory'].map((name) => `  ${name}: { image: a${sources[name] ?? ''} }\n`).join('')));
    const label = (source: string): string => `, labels: { dyn-data.source: ${source} }`;
    const refused = async (stack: Stack): Promise<{ code: string; message: string; details: string[] }> => {
      try {
        requireMatchingSources(stack, ['main', 'people']);
      } catch (error) {
        return error as Awaited<ReturnType<typeof refused>>;
      }
      throw new Error('it was taken');
    };
    expect(await refused(await labelled({ db: label('main') }))).toMatchObject({
      code: 'STACK_INVALID',
      message: expect.stringContaining('the snapshot has main, people, the stack takes db (main)'),
      details: ['source people: no service has the label dyn-data.source: people'],
    });
    expect(await refused(await labelled({ db: label('main'), directory: label('poeple') }))).toMatchObject({
      details: [
        'source people: no service has the label dyn-data.source: people',
        'service directory: wants the source poeple, which the snapshot does not have',
      ],
    });
    expect(await refused(await labelled({ db: label('main'), directory: label('main') }))).toMatchObject({
      details: [
        'source main: claimed by the services db, directory; only one may',
        'source people: no service has the label dyn-data.source: people',
      ],
    });
    expect(await refused(await labelled({}))).toMatchObject({ message: expect.stringContaining('the stack takes none') });
    expect(() => requireMatchingSources({ project: '', services: new Map(), graph: new Map() }, [])).not.toThrow();
  });

  test('takes profiles, several files, .env and the project name from where Compose takes them', async () => {
    const files = {
      'stack.yml': `
name: from-file
services:
  db: { image: "db:\${DB_VERSION:-1}", ports: ["127.0.0.1:\${DB_PORT:-3306}:3306"] }
  tools: { image: a, profiles: [tools], depends_on: [db] }
  app: { image: a, depends_on: { db: { condition: service_started }, tools: { condition: service_started, required: false } } }
`,
      'labels.yml': 'services: { db: { labels: { dyn-data.source: main } } }\n',
    };
    const plain = await stackOf(files);
    expect(plain).toMatchObject({ project: 'from-file' });
    expect(plain.services.get('db')).toMatchObject({ image: 'db:1', source: 'main', ports: [{ host: '127.0.0.1', port: 3306 }] });
    expect(dependencyLevels(plain.graph)).toEqual([['db'], ['app']]);

    const dotEnv = { ...files, '.env': 'DB_VERSION=9\nDB_PORT=3307\nCOMPOSE_PROFILES=tools\nCOMPOSE_PROJECT_NAME=from-env-file\n' };
    const read = await stackOf(dotEnv, { project: 'from-configuration' });
    expect(read).toMatchObject({ project: 'from-env-file' });
    expect(read.services.get('db')).toMatchObject({ image: 'db:9', ports: [{ port: 3307 }] });
    expect(dependencyLevels(read.graph)).toEqual([['db'], ['tools'], ['app']]);

    const env = { COMPOSE_PROJECT_NAME: 'from-environment', COMPOSE_PROFILES: 'none', DB_VERSION: '10' };
    const told = await stackOf(dotEnv, { env, project: 'from-configuration' });
    expect(told).toMatchObject({ project: 'from-environment' });
    expect(told.services.get('db')).toMatchObject({ image: 'db:10' });
    expect([...told.services.keys()].sort()).toEqual(['app', 'db']);
    await expect(stackOf(files, { env: { COMPOSE_PROJECT_NAME: '../Up' } })).rejects.toMatchObject({
      code: 'STACK_INVALID',
      message: expect.stringContaining('"../Up" is no name for a project'),
    });
  });
});
