import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toolVersion } from '../../core/version.ts';
import { bundledClient, clientBundle } from '../support/client-bundle.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';
import { walkThroughCommands } from '../support/walk-through.ts';

/** Nothing listens on port 1. */
const nowhere = 'http://127.0.0.1:1';
const noEngine = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' };

let client: ClientProject;
/** The same, run in this process. */
let inside: ClientProject;

beforeAll(async () => {
  await bundledClient();
  const options = { registry: nowhere, configDirs: ['SHOP_CONFIG_DIR'], snapshot: 'latest' };
  client = await createClientProject({ ...options, client: clientBundle });
  inside = await createClientProject(options);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await inside[Symbol.asyncDispose]();
});

/** They are run by test/long/walk-throughs.test.ts. */
describe('the walk-throughs', () => {
  test.each(['tester', 'operator', 'developer'])('that of a %s has no command or option that is not there', async (who) => {
    const commands = await walkThroughCommands(`walk-through-${who}.md`);
    expect(commands.length).toBeGreaterThan(4);
    for (const args of commands) {
      const { stderr } = await inside.run(args, { PATH: '/nonexistent' });
      expect(stderr, args.join(' ')).not.toMatch(/error USAGE: (?!.*--yes)/);
    }
  });
});

describe('usage', () => {
  test('--help lists every command on standard output', async () => {
    const { exitCode, stdout, stderr } = await client.run(['--help']);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    for (const command of ['ls', 'show', 'diff', 'pull', 'up', 'status', 'down', 'snapshot', 'version'])
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  });

  test('version tells the version, as text and as JSON, before or after --json', async () => {
    expect((await client.run(['version'])).stdout).toBe(`dyn-data ${toolVersion}\n`);
    expect((await inside.run(['--version'])).stdout).toBe(`dyn-data ${toolVersion}\n`);
    for (const args of [
      ['version', '--json'],
      ['--json', 'version'],
    ]) {
      expect(JSON.parse((await inside.run(args)).stdout)).toMatchObject({ name: 'dyn-data', version: toolVersion });
    }
  });

  test('an empty name does not ask for all of its kind', async () => {
    const { exitCode, stderr } = await inside.run(['token', 'show', '']);
    expect(stderr).toContain('error USAGE: The token is empty.');
    expect(exitCode).toBe(2);
  });

  test.each([
    [[], 'a command is missing'],
    [['pul', 'x'], "unknown command 'pul' (Did you mean pull?)"],
    [['show'], "missing required argument 'ref'"],
    [['up', '--fast'], "unknown option '--fast'"],
    [['up', '--timeout', 'soon'], 'A number of seconds above 0 is expected'],
    [['snapshot', 'create', 'prod', '--tag', 'a b'], 'A tag has letters, digits'],
  ])('%j is refused with code 2, one paragraph and the next step', async (args, message) => {
    const { exitCode, stdout, stderr } = await inside.run(args);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error USAGE: [^\n]+\n$/);
    expect(stderr).toContain(message);
    expect(stderr).toContain('dyn-data --help');
  });

  test('a reference that is none is refused with the accepted forms', async () => {
    const { exitCode, stderr } = await inside.run(['pull', 'Shop:x y'], noEngine);
    expect(stderr).toContain('error REFERENCE_INVALID');
    expect(stderr).toContain('dynamease:prod-2024-05');
    expect(exitCode).toBe(2);
  });

  test('an error under --json is one object on standard error', async () => {
    const { exitCode, stdout, stderr } = await client.run(['ls', '--json']);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'REGISTRY_UNREACHABLE', exitCode: 5, details: [] } });
    expect(exitCode).toBe(5);
  });
});

describe('configuration', () => {
  test('is found from a folder below', async () => {
    const run = await runOnTerminal(['ls'], { folder: join(inside.folder, 'deep', 'down'), columns: undefined });
    expect(run.stderr).toContain(`error REGISTRY_UNREACHABLE: The registry at ${nowhere} does not answer.`);
  });

  test('missing, it is explained with an example', async () => {
    const run = await runOnTerminal(['ls'], { folder: '/', columns: undefined });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('error CONFIG_NOT_FOUND: There is no dyn-data.yaml in / or any folder above it.');
    expect(run.stderr).toContain('registry: http://127.0.0.1:5000');
  });

  test('given with --config, it is read from there', async () => {
    const missing = await inside.run(['--config', 'nowhere.yaml', 'ls']);
    expect(missing.stderr).toContain('error CONFIG_NOT_FOUND');
    expect(missing.stderr).toContain('nowhere.yaml does not exist');
    const file = join(inside.folder, 'deep', 'other.yaml');
    await writeFile(file, 'version: 1\nregistry: http://127.0.0.1:2\nrepository: other\nstack: { files: [a.yml] }\n');
    expect((await inside.run(['ls', '--config', file])).stderr).toContain('http://127.0.0.1:2 does not answer');
  });

  test('wrong, every offending key is named and no value is printed', async () => {
    const file = join(inside.folder, 'deep', 'wrong.yaml');
    await writeFile(file, 'version: 1\nregistry: s3cr3t\nrepository: shop\nstak: s3cr3t\n');
    const { exitCode, stderr } = await inside.run(['ls', '--config', file]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('error CONFIG_INVALID');
    for (const key of ['registry', 'stack', 'stak']) expect(stderr).toMatch(new RegExp(`^  ${key}: `, 'm'));
    expect(stderr).not.toContain('s3cr3t');
  });
});

describe('before anything starts', () => {
  test('an unset configuration folder is an error that says what to set', async () => {
    const unset = await inside.run(['up'], noEngine);
    expect(unset.exitCode).toBe(2);
    expect(unset.stderr).toContain('error CONFIG_DIR_UNSET');
    expect(unset.stderr).toContain('export SHOP_CONFIG_DIR=/path/to/configuration');
    expect(unset.stderr).toContain('  SHOP_CONFIG_DIR is not set');
    const missing = await inside.run(['up'], { ...noEngine, SHOP_CONFIG_DIR: '/no/such/folder' });
    expect(missing.stderr).toContain('  SHOP_CONFIG_DIR names /no/such/folder, which is not a folder here');
  });

  test('a configuration folder in the .env file that compose reads counts', async () => {
    await writeFile(join(inside.folder, '.env'), 'SHOP_CONFIG_DIR="./deep"\n');
    const { stderr } = await inside.run(['up'], noEngine);
    await rm(join(inside.folder, '.env'));
    expect(stderr).toContain('error ENGINE_UNAVAILABLE');
  });

  test.each(['up', 'status', 'down'])('%s without a Docker engine says what to do', async (command) => {
    const env = { ...noEngine, SHOP_CONFIG_DIR: inside.folder };
    const { exitCode, stderr } = await inside.run([command], env);
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/^error ENGINE_UNAVAILABLE: .*(sudo systemctl start docker|Install Docker)/);
    expect(existsSync(join(inside.folder, '.dyn-data'))).toBe(false);
  });

  test('a machine without the command docker is told to install it', async () => {
    const { exitCode, stderr } = await inside.run(['pull', 'x'], { PATH: '/nonexistent' });
    expect(stderr).toContain('error ENGINE_UNAVAILABLE: The command "docker" is not installed. Install Docker');
    expect(exitCode).toBe(5);
  });

  test('an engine without Compose, or with Compose v1 only, is told what to install', async () => {
    const folder = join(inside.folder, 'bin');
    await mkdir(folder);
    // What a docker command without the plugin does.
    await writeFile(
      join(folder, 'docker'),
      '#!/bin/sh\nif [ "$1" = version ]; then echo 20.10.24; else echo "docker: unknown command" >&2; exit 1; fi\n',
      { mode: 0o755 },
    );
    const env = { SHOP_CONFIG_DIR: inside.folder, PATH: `${folder}${delimiter}${process.env.PATH}` };
    const { exitCode, stderr } = await inside.run(['up'], env);
    expect(stderr).toContain('error COMPOSE_UNAVAILABLE: dyn-data needs Docker Compose 2.26 or newer, but docker compose does not answer.');
    expect(exitCode).toBe(5);
  });
});

describe('an old Node', () => {
  const old = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find(
      (file) => existsSync(file) && spawnSync(file, ['-p', "'zstdDecompress' in zlib"], { encoding: 'utf8' }).stdout.trim() === 'false',
    );

  test.skipIf(old === undefined)(`is told first of all${old === undefined ? ' [skipped: this machine has none on its PATH]' : ''}`, () => {
    const run = spawnSync(old ?? '', [clientBundle, 'ls', '--json'], { cwd: '/', encoding: 'utf8' });
    expect(run.status).toBe(2);
    const { error } = JSON.parse(run.stderr);
    expect(error).toMatchObject({ code: 'RUNTIME_TOO_OLD' });
    expect(error.message).toContain('needs Node.js 22.15 or newer');
  });
});
