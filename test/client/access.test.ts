import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tokenIdOf } from '../../core/token-text.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { type ClientProject, createClientProject } from '../support/client-project.ts';
import { type GuardedRegistry, startGuardedRegistry } from '../support/guarded-registry.ts';

let registry: GuardedRegistry;
let client: ClientProject;
let home = '';
let admin = { text: '', id: '' };
const credentials = () => join(home, 'dyn-data', 'credentials.json');

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'dyn-data-access-home-'));
  registry = await startGuardedRegistry(createMemoryObjects());
  admin = await registry.issue('admin', ['*']);
  client = await createClientProject({
    registry: registry.url,
    repository: 'dynamease',
    // No docker is reached: it has tests of its own.
    env: { XDG_CONFIG_HOME: home, DOCKER_CONFIG: join(home, 'docker'), DYN_DATA_TOKEN: '', DYN_DATA_REGISTRY: '' },
  });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await registry.stop();
  await rm(home, { recursive: true, force: true });
});
const json = (text: string) => JSON.parse(text);

describe('login', () => {
  test('is asked for by every command that meets a registry with tokens', async () => {
    const { exitCode, stderr } = await client.run(['ls']);
    expect(stderr).toMatch(/^error UNAUTHENTICATED: .*dyn-data login/);
    expect(exitCode).toBe(4);
  });

  test('stores nothing that is no token in force, and says nothing of it', async () => {
    const revoked = await registry.issue('reader', ['*']);
    await registry.revoke(revoked.id);
    for (const [text, code] of [
      ['hunter2-not-a-token', 'USAGE'],
      [`${admin.text}x`, 'USAGE'],
      [revoked.text, 'UNAUTHENTICATED'],
    ] as const) {
      const { exitCode, stdout, stderr } = await client.run(['login', '--no-docker'], {}, text);
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain(`error ${code}`);
      expect(stdout + stderr).not.toContain(text);
      await expect(stat(credentials())).rejects.toThrow();
    }
  });

  test('refuses to send a token readable over the network, unless told to', async () => {
    const { exitCode, stderr } = await client.run(['login', 'http://registry.example:5000', '--no-docker'], {}, admin.text);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/speaks no TLS.*--plain-http/)]);
  });

  test('stores the token for its owner alone, and later commands use it without printing it', async () => {
    const { exitCode, stdout, stderr } = await client.run(['login', '--no-docker'], {}, `${admin.text}\n`);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Logged in to .* as "admin of a test": admin of \*/);
    expect((await stat(credentials())).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, 'dyn-data'))).mode & 0o777).toBe(0o700);
    expect(json(await readFile(credentials(), 'utf8'))).toEqual({ version: 1, registries: { [registry.url]: { token: admin.text } } });
    const listed = await client.run(['ls']);
    expect(listed.stdout).toMatch(/^TAG .*\nmay /);
    expect(stdout + listed.stdout + listed.stderr).not.toContain(admin.text);
  });

  test('is not trusted to a file that others may read', async () => {
    await chmod(credentials(), 0o644);
    const { exitCode, stderr } = await client.run(['ls']);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/CONFIG_INVALID: .*chmod 600/)]);
    await chmod(credentials(), 0o600);
  });

  test('by environment is for the registry it names and for no other', async () => {
    const reader = await registry.issue('reader', ['team/*']);
    const other = join(home, 'empty');
    const env = { XDG_CONFIG_HOME: other, DYN_DATA_TOKEN: reader.text };
    expect((await client.run(['ls'], env)).stderr).toMatch(/error USAGE: .*DYN_DATA_REGISTRY/);
    expect((await client.run(['ls'], { ...env, DYN_DATA_REGISTRY: registry.url })).stderr).toMatch(/error ACCESS_DENIED: .*"dynamease"/);
    expect((await client.run(['ls'], { ...env, DYN_DATA_REGISTRY: 'https://elsewhere.example' })).stderr).toContain(
      'error UNAUTHENTICATED',
    );
  });
});

describe('token', () => {
  test('create, list, show, rotate and revoke', async () => {
    const made = await client.run([
      'token',
      'create',
      'night build',
      '--role',
      'operator',
      '--repository',
      'team/*',
      'x/y',
      '--expires',
      '90d',
    ]);
    expect(made.exitCode).toBe(0);
    const text = made.stdout.trim();
    const id = tokenIdOf(text) ?? '';
    expect(made.stderr).toContain(`The token ${id} "night build" (operator of team/*, x/y) was made`);
    expect((await registry.ask('GET', '/api/v1/identity', { token: text })).body).toMatchObject({
      id,
      role: 'operator',
      repositories: ['team/*', 'x/y'],
    });

    const shown = json((await client.run(['token', 'show', id, '--json'])).stdout).token;
    expect(shown).toMatchObject({ id, state: 'active', createdBy: 'admin of a test', lastUsedAt: expect.any(String) });
    const inDays = (Date.parse(shown.expiresAt) - Date.now()) / 86_400_000;
    expect(inDays).toBeGreaterThan(89.9);
    expect(inDays).toBeLessThan(90.1);

    const rotated = json((await client.run(['token', 'rotate', id, '--overlap', '1h', '--json'])).stdout);
    for (const one of [text, rotated.text]) expect((await registry.ask('GET', '/api/v1/identity', { token: one })).status).toBe(200);

    expect((await client.run(['token', 'revoke', id])).stdout).toContain('is revoked');
    for (const one of [text, rotated.text]) expect((await registry.ask('GET', '/api/v1/identity', { token: one })).status).toBe(401);
    const listed = await client.run(['token', 'list']);
    expect(listed.stdout).toMatch(new RegExp(`^${id} +night build +operator +team/\\*, x/y +revoked`, 'm'));
    expect((await client.run(['token', 'show', id])).stdout).toMatch(/^state +revoked$/m);
    for (const secret of [text, rotated.text]) expect(listed.stdout).not.toContain(secret);
    const gone = await client.run(['token', 'show', 'nope']);
    expect([gone.exitCode, gone.stderr]).toEqual([3, expect.stringContaining('TOKEN_UNKNOWN')]);
  });

  test('generate makes one for a configuration, without asking anybody', async () => {
    const { stdout, exitCode } = await client.run(['token', 'generate'], { XDG_CONFIG_HOME: '/nowhere' });
    expect(exitCode).toBe(0);
    expect(tokenIdOf(stdout.trim())).toBeDefined();
  });

  test('says what is wrong with its arguments', async () => {
    for (const args of [
      ['token', 'create', 'x', '--role', 'king', '--repository', 'a'],
      ['token', 'create', 'x', '--role', 'reader'],
      ['token', 'create', 'x', '--role', 'reader', '--repository', 'NO'],
      ['token', 'create', 'x', '--role', 'reader', '--repository', 'a', '--expires', 'soon'],
      ['token', 'rotate', 'x', '--overlap', 'long'],
      ['audit', 'list', '--limit', '0'],
    ]) {
      const { exitCode, stderr } = await client.run(args);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining('error USAGE')]);
    }
  });
});

describe('audit', () => {
  test('list shows who did what, verify that nothing was taken away', async () => {
    const listed = await client.run(['audit', 'list', '--limit', '3']);
    const lines = listed.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(/^\d+ +\d{4}-.* +admin of a test +127\.0\.0\.1 +token\.revoke /);

    const whole = json((await client.run(['audit', 'verify', '--json'])).stdout);
    expect(whole.entries).toBeGreaterThan(4);
    const head = `${whole.head.number}:${whole.head.hash}`;
    expect((await client.run(['audit', 'verify', '--head', head])).stdout).toContain('The audit log is whole');
    const other = await client.run(['audit', 'verify', '--head', `${whole.head.number}:sha256:${'0'.repeat(64)}`]);
    expect([other.exitCode, other.stderr]).toEqual([6, expect.stringMatching(/VERIFY_FAILED: .*entry \d+ on/)]);
  });
});

test('logout forgets the token', async () => {
  expect((await client.run(['logout'])).stdout).toContain('Logged out of');
  expect(json(await readFile(credentials(), 'utf8'))).toEqual({ version: 1, registries: {} });
  expect((await client.run(['ls'])).stderr).toContain('error UNAUTHENTICATED');
  expect((await client.run(['logout'])).stdout).toContain('You were not logged in');
});
