import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { proposeLabels } from '../../client/commands/init.ts';
import { findComposeFiles, kindOf, surveyStack } from '../../client/stack-survey.ts';
import { parseClientConfig } from '../../core/client-config.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { makeDataImage } from '../support/data-image.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';
import { ldapSource, mysqlSource, postgresSource } from '../support/shop-data.ts';
import { storeDataImage } from '../support/stored-data-image.ts';

const composeFile = `
services:
  database: { image: "mysql:9.7" }
  directory: { image: osixia/openldap, labels: ["dyn-data.source=directory"] }
  push-db:
    image: registry.example.test:5000/postgres@sha256:${'0'.repeat(64)}
    volumes: ["\${SHOP_CONFIG_DIR:?set it}:/etc/shop"]
  admin: { image: phpmyadmin }
  web: { build: . }
  push: { image: quay.io/aerogear/unifiedpush-configurable-container:2.5 }
`;
let registry: RunningRegistry;
let folder: string;

beforeAll(async () => {
  registry = await startRegistry({ objects: createMemoryObjects(), build: () => () => Promise.reject(new Error('builds nothing')) });
  const sources = [mysqlSource({ customers: 1, chunkRows: 1 }), postgresSource({ installations: 1 }), ldapSource({ people: 1 })];
  await storeDataImage(registry, await makeDataImage(sources), { tag: 'may' });
});
afterAll(() => registry.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-init-'));
  await writeFile(join(folder, 'docker-compose.yml'), composeFile);
  return () => rm(folder, { recursive: true });
});
const read = (name: string) => readFile(join(folder, name), 'utf8');
const init = (...args: string[]) => runOnTerminal(['init', ...args], { folder, columns: undefined });

describe('init', () => {
  test('writes dyn-data.yaml, and labels out of what the registry knows, beside the compose file', async () => {
    const { exitCode, stdout, stderr } = await init('--registry', registry.url, '--repository', 'dynamease');
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`Wrote docker-compose.dyn-data.yml
Wrote dyn-data.yaml
  database: takes main (the only mysql source)
  directory: takes directory already
  push-db: takes push (the only postgres source)
  push: a push server, which is to keep the messages of old snapshots

Next: dyn-data doctor, then dyn-data ls
`);
    expect(parseClientConfig(await read('dyn-data.yaml'), '')).toEqual({
      version: 1,
      registry: registry.url,
      repository: 'dynamease',
      stack: { files: ['docker-compose.yml', 'docker-compose.dyn-data.yml'], configDirs: ['SHOP_CONFIG_DIR'] },
    });
    expect((await surveyStack(folder, ['docker-compose.yml', 'docker-compose.dyn-data.yml'])).services.map(({ source }) => source)).toEqual(
      ['main', 'directory', 'push', undefined, undefined, undefined],
    );
    expect(await read('docker-compose.dyn-data.yml')).toContain('  "push":\n    environment: { AEROGEAR_METRICS_STORAGE_DAYS: "36500" }\n');
    expect(await read('docker-compose.yml')).toBe(composeFile);
  });

  test('overwrites nothing', async () => {
    await writeFile(join(folder, 'dyn-data.yaml'), 'mine');
    const { exitCode, stderr } = await init('--registry', registry.url, '--repository', 'dynamease');
    expect(exitCode).toBe(4);
    expect(stderr).toContain('error CONFLICT');
    expect(await read('dyn-data.yaml')).toBe('mine');
    expect((await readdir(folder)).sort()).toEqual(['docker-compose.yml', 'dyn-data.yaml']);
  });

  test('prints the labels if that is wanted, and does without the registry if it knows the repository', async () => {
    const printed = await init('--registry', 'http://127.0.0.1:1', '--repository', 'shop', '--print-labels', '--json');
    expect(printed.exitCode).toBe(0);
    expect(JSON.parse(printed.stdout)).toMatchObject({
      version: 1,
      written: ['dyn-data.yaml'],
      labels: [
        { service: 'database', source: 'database' },
        { service: 'push-db', source: 'push-db' },
      ],
    });
    expect((await readdir(folder)).sort()).toEqual(['docker-compose.yml', 'dyn-data.yaml']);
    expect(parseClientConfig(await read('dyn-data.yaml'), '').stack.files).toEqual(['docker-compose.yml']);
  });

  test('asks which repository, where the registry has several or does not answer', async () => {
    const several = await init('--registry', registry.url);
    expect(several.stderr).toContain('error USAGE');
    expect(several.stderr).toContain('  dynamease\n  team/test\n');
    expect(several.exitCode).toBe(2);
    expect((await init('--registry', 'http://127.0.0.1:1')).stderr).toContain('error REGISTRY_UNREACHABLE');
    expect((await init('--registry', 'nonsense', '--repository', 'shop')).exitCode).toBe(2);
  });

  test('says so where there is no compose file', async () => {
    await rm(join(folder, 'docker-compose.yml'));
    expect((await init('--repository', 'shop')).stderr).toContain('error CONFIG_NOT_FOUND: There is no compose file in');
    expect((await init('--repository', 'shop', '--file', 'other.yml')).stderr).toContain('other.yml does not exist');
  });
});

test('the override that compose would read is taken along', async () => {
  await writeFile(join(folder, 'docker-compose.override.yml'), 'services: { database: { labels: { dyn-data.source: other } } }\n');
  expect(await findComposeFiles(folder)).toEqual(['docker-compose.yml', 'docker-compose.override.yml']);
  const { services } = await surveyStack(folder, await findComposeFiles(folder));
  expect(services[0]).toEqual({ name: 'database', kind: 'mysql', source: 'other', isPushServer: false });
});

test.each([
  ['mysql:9.7', 'mysql'],
  ['registry.test:5000/team/mariadb', 'mysql'],
  ['bitnami/openldap:2.6', 'ldap'],
  ['postgis/postgis:17-3.5', 'postgres'],
  ['phpldapadmin', undefined],
  ['prom/mysqld-exporter', undefined],
  ['mysql/mysql-router', undefined],
  ['nginx', undefined],
])('the image %s is of kind %s', (image, kind) => expect(kindOf(image)).toBe(kind));

describe('a label is proposed', () => {
  const source = (name: string, kind: string) => ({ name, kind, tables: 1, rows: 1, consistent: true });
  const service = (name: string, kind: 'mysql' | 'postgres' | undefined, label?: string) => ({
    name,
    kind,
    source: label,
    isPushServer: false,
  });
  const names = (proposals: ReturnType<typeof proposeLabels>) => proposals.map((one) => [one.service, one.source]);

  test('for the source of the same name before the only one that is left', () => {
    const sources = [source('a', 'mysql'), source('b', 'mysql')];
    expect(names(proposeLabels([service('db', 'mysql'), service('a', 'mysql')], sources))).toEqual([
      ['db', 'b'],
      ['a', 'a'],
    ]);
  });

  test('for none where it would be a guess, or the source is taken', () => {
    const sources = [source('a', 'mysql'), source('b', 'mysql'), source('p', 'postgres')];
    expect(proposeLabels([service('db', 'mysql'), service('push', undefined, 'p'), service('other', 'postgres')], sources)).toEqual([]);
  });
});

test('a database that another file brings in gets its label too', async () => {
  await writeFile(join(folder, 'docker-compose.yml'), 'include: [db.yml]\nservices: { web: { image: nginx } }\n');
  await writeFile(join(folder, 'db.yml'), `services: { database: { image: mysql, volumes: ["\${SHOP_CONFIG_DIR}:/etc/shop"] } }\n`);
  const { exitCode, stdout } = await init('--registry', registry.url, '--repository', 'dynamease', '--json');
  expect([exitCode, JSON.parse(stdout)]).toEqual([
    0,
    expect.objectContaining({
      files: ['docker-compose.yml'],
      configDirs: ['SHOP_CONFIG_DIR'],
      labels: [expect.objectContaining({ service: 'database', source: 'main' })],
    }),
  ]);
});
