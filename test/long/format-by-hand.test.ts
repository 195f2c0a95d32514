import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { decodeManifest, type Manifest, type ManifestTable } from '../../core/index.ts';
import { stackFile } from '../../demo/developer.ts';
import { startRegistry, stopRegistry } from '../../demo/registry-process.ts';
import { writeSampleRegistry } from '../../demo/sample-registry.ts';
import { removeSample } from '../../sample/seed-sample.ts';
import { bundleClient } from '../../scripts/bundle-client.ts';
import { ensureCommands } from '../../scripts/debian.ts';
import { type CommandResult, runCommand, runOrFail } from '../../scripts/run-command.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { describeWithEngine, imageVariables, pgDumpOfRun } from '../support/engine.ts';
import { documentShell } from '../support/format-document.ts';
import { seedFreshSample } from '../support/fresh-sample.ts';

const sampleProject = 'dyn-data-test-by-hand';
const restoredProject = 'dyn-data-test-by-hand-client';
const emptyProject = 'dyn-data-test-by-hand-empty';
const anyPorts = { SAMPLE_MYSQL_PORT: '0', SAMPLE_LDAP_PORT: '0', SAMPLE_POSTGRES_PORT: '0' };
const bundle = `${import.meta.dirname}/../../dist/test-end-to-end-by-hand.mjs`;
const base = 'dc=dynamease,dc=test';

/** The data services of the worked example, restored by the client. */
const services = ['mysql', 'ldap', 'aerogear-db'];
const restoredStack = stringify({
  services: Object.fromEntries(services.map((service) => [service, { extends: { file: stackFile, service } }])),
  volumes: { mysql: {}, 'ldap-data': {}, 'ldap-config': {}, 'aerogear-db': {} },
});

/** Servers without anything in them, for the hand. */
const healthy = (test: string) => ({ test: ['CMD-SHELL', test], interval: '1s', timeout: '5s', retries: 90 });
const emptyStack = (images: Readonly<Record<string, string>>) => ({
  services: {
    mysql: {
      image: images.MYSQL_IMAGE,
      environment: { MYSQL_ROOT_PASSWORD: 'by-hand' },
      healthcheck: healthy('MYSQL_PWD=by-hand mysql -h127.0.0.1 -uroot -e "SELECT 1"'),
    },
    postgres: {
      image: images.POSTGRES_IMAGE,
      environment: { POSTGRES_PASSWORD: 'by-hand' },
      healthcheck: healthy('psql -h 127.0.0.1 -U postgres -c "SELECT 1"'),
    },
    ldap: {
      image: images.LDAP_IMAGE,
      environment: { LDAP_ORGANISATION: 'By hand', LDAP_DOMAIN: 'dynamease.test', LDAP_BASE_DN: base },
      healthcheck: healthy('ldapsearch -x -H ldap://127.0.0.1 -b "" -s base'),
    },
  },
});

describeWithEngine('a snapshot is restored with stock tools, by the shell of docs/format.md', () => {
  const sampleEnvironment = { ...process.env, ...anyPorts };
  let folder: string;
  let image: string;
  let manifest: Manifest;
  let registryPid: number;
  let client: ClientProject;

  beforeAll(async () => {
    await ensureCommands(['zstd', 'jq'], (line) => process.stderr.write(`${line}\n`));
    const images = imageVariables();
    Object.assign(sampleEnvironment, images);
    folder = await mkdtemp(join(tmpdir(), 'dyn-data-by-hand-'));
    // A fixed key: where chunks are cut depends on it.
    await mkdir(join(folder, 'secrets'));
    await writeFile(join(folder, 'secrets', 'prod.key'), `${'01'.repeat(32)}\n`);
    await bundleClient(bundle);
    const connections = await seedFreshSample({ size: 'small', project: sampleProject, env: sampleEnvironment });
    const registry = await startRegistry(
      await writeSampleRegistry({ folder, connections, pgDump: pgDumpOfRun(), port: 0 }),
      join(folder, 'registry.log'),
    );
    registryPid = registry.pid;
    client = await createClientProject({
      client: bundle,
      registry: registry.url,
      repository: 'dynamease',
      project: restoredProject,
      composeFile: restoredStack,
      env: { ...images, DYNAMEASE_CONFIG_DIR: folder },
    });
    for (const args of [['snapshot', 'create', 'prod', '--tag', 'by-hand', '--follow'], ['pull', 'by-hand'], ['up']]) {
      const { exitCode, stderr } = await client.run(args);
      expect(exitCode, stderr).toBe(0);
    }
    // What is read from now on is only the image.
    image = `${new URL(registry.url).host}/dynamease:by-hand`;
    await runOrFail('Pulling', 'docker', ['pull', image]);
    await removeSample({ project: sampleProject, env: sampleEnvironment });
    await writeFile(join(folder, 'empty.yml'), stringify(emptyStack(images)));
    await compose('up', '-d', '--wait');
    await copySnapshot(folder);
    manifest = decodeManifest(await readFile(join(folder, 'snapshot', 'manifest.json')));
  });
  afterAll(async () => {
    await client?.run(['down', '--volumes']);
    await client?.[Symbol.asyncDispose]();
    await runCommand('docker', ['compose', '-p', emptyProject, 'down', '--volumes', '--timeout', '5']);
    if (image !== undefined) await runCommand('docker', ['image', 'rm', '--force', image]);
    if (registryPid !== undefined) await stopRegistry(registryPid);
    await removeSample({ project: sampleProject, env: sampleEnvironment });
    await rm(folder, { recursive: true, force: true });
    await rm(bundle, { force: true });
  });

  const compose = (...args: string[]): Promise<string> =>
    runOrFail('Compose', 'docker', ['compose', '-f', join(folder, 'empty.yml'), '-p', emptyProject, ...args]);

  /** Runs a block as it stands in the document, in an empty folder. */
  const byHand = async (block: string, variables: Readonly<Record<string, string>>): Promise<CommandResult> =>
    shell(block, await mkdtemp(join(folder, `${block}-`)), variables);
  const shell = (block: string, cwd: string, variables: Readonly<Record<string, string>> = {}): Promise<CommandResult> =>
    runCommand('bash', ['-euo', 'pipefail', '-c', documentShell(block)], { cwd, env: { IMAGE: image, ...variables } });
  async function copySnapshot(cwd: string): Promise<void> {
    const container = (await runOrFail('Creating', 'docker', ['create', image, 'none'])).trim();
    await runOrFail('Copying', 'docker', ['cp', `${container}:/snapshot`, cwd]);
    await runOrFail('Removing', 'docker', ['rm', container]);
  }

  const restored = (service: string): string => `${restoredProject}-${service}-1`;
  const empty = (service: string): string => `${emptyProject}-${service}-1`;
  const inside = (container: string, ...command: string[]): Promise<string> =>
    runOrFail('Asking', 'docker', ['exec', container, ...command]);
  const mysql = (container: string, sql: string): Promise<string> =>
    inside(container, 'sh', '-c', 'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" exec mysql -uroot -NBe "$1"', 'sh', sql);
  const tableOf = (source: string, name: string): ManifestTable => {
    const table = manifest.sources.find((one) => one.name === source)?.tables.find((one) => `${one.schema}.${one.name}` === name);
    if (!table) throw new Error(`The snapshot has no table ${name}.`);
    return table;
  };

  // Every type and every awkward byte; generated columns, JSON and times; a binary key; no key; more than one chunk.
  it.each(['quirks', 'users', 'devices', 'audit_log', 'calls'])('the MySQL table %s is the one that the client restored', async (name) => {
    const table = `dynamease.${name}`;
    const done = await byHand('mysql', { SOURCE: 'mysql', TABLE: table, SERVER: empty('mysql') });
    expect(done, done.stderr).toMatchObject({ exitCode: 0 });
    expect(done.stdout).not.toContain('Warning');
    const checksum = await mysql(restored('mysql'), `CHECKSUM TABLE ${table}; SELECT COUNT(*) FROM ${table}`);
    expect(await mysql(empty('mysql'), `CHECKSUM TABLE ${table}; SELECT COUNT(*) FROM ${table}`)).toBe(checksum);
    expect(checksum.trim().split('\n').at(-1)).toBe(String(tableOf('mysql', table).rows));
    expect(await mysql(empty('mysql'), 'SELECT @@GLOBAL.local_infile')).toBe('0\n');
    await mysql(empty('mysql'), 'DROP DATABASE dynamease');
  });

  it('one of these tables has more than one chunk', () => {
    expect(tableOf('mysql', 'dynamease.users').chunks.length).toBeGreaterThan(1);
  });

  it('the PostgreSQL table is the one that the client restored', async () => {
    const done = await byHand('postgres', { SOURCE: 'aerogear', TABLE: 'public.installation', SERVER: empty('postgres') });
    expect(done, done.stderr).toMatchObject({ exitCode: 0 });
    const sql = "SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM public.installation t";
    const hash = (container: string, user: string): Promise<string> =>
      inside(container, 'psql', '-U', user, '-d', 'aerogear', '-XAtc', sql);
    const expected = await hash(restored('aerogear-db'), 'aerogear');
    expect(await hash(empty('postgres'), 'postgres')).toBe(expected);
    expect(expected).toMatch(new RegExp(`^${tableOf('aerogear', 'public.installation').rows}\\|`));
  });

  it('the directory is the one that the client restored', async () => {
    const done = await byHand('ldap', { SOURCE: 'ldap', SERVER: empty('ldap') });
    expect(done, done.stderr).toMatchObject({ exitCode: 0 });
    await compose('up', '-d', '--wait', 'ldap');
    // The server itself writes contextCSN.
    const entries = async (container: string): Promise<string[]> =>
      (await inside(container, 'slapcat', '-b', base, '-o', 'ldif-wrap=no')).replaceAll(/^contextCSN:.*\n/gm, '').split('\n\n');
    const found = await entries(empty('ldap'));
    expect(found).toEqual(await entries(restored('ldap')));
    expect(found.filter((entry) => entry.startsWith('dn:'))).toHaveLength(tableOf('ldap', `${base}.${base}`).rows);
  });

  it('a chunk, a schema file or a manifest that was changed is found', async () => {
    const cwd = await mkdtemp(join(folder, 'changed-'));
    await copySnapshot(cwd);
    const { path, chunks } = tableOf('mysql', 'dynamease.users');
    const schemaFile = manifest.sources[0]?.before[0]?.path ?? '';
    const [first = '', second = ''] = chunks.map(({ file }) => join(cwd, 'snapshot', path, file));
    const whole = await readFile(first);
    // A whole frame, of another text.
    await copyFile(second, first);
    expect((await shell('verify', cwd)).exitCode).not.toBe(0);
    await writeFile(first, whole);
    for (const changed of [schemaFile, 'manifest.json']) {
      const before = await readFile(join(cwd, 'snapshot', changed));
      await appendFile(join(cwd, 'snapshot', changed), '\n');
      expect((await shell('verify', cwd)).exitCode).not.toBe(0);
      await writeFile(join(cwd, 'snapshot', changed), before);
    }
    const untouched = await shell('verify', cwd);
    expect(untouched, untouched.stderr).toMatchObject({ exitCode: 0 });
  });
});
