import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRunner } from '../../../client/process.ts';
import { bundleClient } from '../../../scripts/bundle-client.ts';
import { runCommand } from '../../../scripts/run-command.ts';
import { createMemoryObjects } from '../../../storage/index.ts';
import { createClientProject } from '../../support/client-project.ts';
import { describeWithEngine } from '../../support/engine.ts';
import { type GuardedRegistry, startGuardedRegistry } from '../../support/guarded-registry.ts';

const bundle = `${import.meta.dirname}/../../../dist/test-client-docker-login.mjs`;

describeWithEngine('docker, of a registry that asks for tokens', () => {
  let registry: GuardedRegistry;
  let host = '';
  const folders: string[] = [];
  const pulled = new Set<string>();
  const processes = createRunner({ env: process.env, signal: new AbortController().signal });

  beforeAll(async () => {
    registry = await startGuardedRegistry(createMemoryObjects());
    host = `127.0.0.1:${registry.port}`;
  });
  afterAll(async () => {
    for (const image of pulled) await runCommand('docker', ['image', 'rm', '--force', image]);
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
    await registry?.stop();
  });

  /** A user's own docker configuration, so that no test meets another's login. */
  const newUser = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dyn-data-docker-'));
    folders.push(folder);
    const docker = (args: readonly string[], input?: string) =>
      processes.run('docker', ['--config', folder, ...args], input === undefined ? {} : { input });
    const pull = (repository: string) => {
      pulled.add(`${host}/${repository}:may`);
      return docker(['pull', `${host}/${repository}:may`]);
    };
    return { folder, docker, pull, login: (text: string) => docker(['login', '--username', 'anybody', '--password-stdin', host], text) };
  };

  it('pulls from the repositories of the token it was logged in with, and from no other', async () => {
    const user = await newUser();
    const reader = await registry.issue('reader', ['team/*']);
    const refused = await user.pull('team/test');
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/unauthorized|authentication|no basic auth/i);

    const loggedIn = await user.login(reader.text);
    expect(loggedIn.stdout + loggedIn.stderr).toContain('Login Succeeded');
    const got = await user.pull('team/test');
    expect(got.exitCode, got.stderr).toBe(0);
    expect(got.stdout).toContain(registry.digests['team/test']);

    const other = await user.pull('dynamease');
    const missing = await user.pull('never/was');
    for (const answer of [other, missing]) {
      expect(answer.exitCode).not.toBe(0);
      expect(answer.stderr).toMatch(/denied|forbidden/i);
    }
    expect(other.stderr.replaceAll('dynamease', 'NAME')).toBe(missing.stderr.replaceAll('never/was', 'NAME'));
  });

  it('is refused as soon as the token is revoked', async () => {
    const user = await newUser();
    const reader = await registry.issue('reader', ['dynamease']);
    await user.login(reader.text);
    expect((await user.pull('dynamease')).exitCode).toBe(0);
    await registry.revoke(reader.id);
    const refused = await user.pull('dynamease');
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/unauthorized|not valid|revoked/i);
  });

  it('is not logged in with a token that is none, or none any more', async () => {
    const user = await newUser();
    const revoked = await registry.issue('admin', ['*']);
    await registry.revoke(revoked.id);
    for (const text of ['a-password', revoked.text]) {
      const answer = await user.login(text);
      expect(answer.exitCode).not.toBe(0);
      expect(answer.stderr).toMatch(/unauthorized|401/i);
    }
  });

  it('is logged in by dyn-data login, which then pulls', async () => {
    await bundleClient(bundle);
    const user = await newUser();
    const env = { XDG_CONFIG_HOME: user.folder, DOCKER_CONFIG: user.folder, DYN_DATA_TOKEN: '' };
    const client = await createClientProject({ client: bundle, registry: registry.url, repository: 'team/test', env });
    const reader = await registry.issue('reader', ['team/*']);
    try {
      const login = await client.run(['login'], {}, reader.text);
      expect(login.exitCode, login.stderr).toBe(0);
      expect(login.stdout).toContain('and with docker');
      expect(login.stdout + login.stderr).not.toContain(reader.text);
      expect(JSON.parse(await readFile(join(user.folder, 'config.json'), 'utf8')).auths).toHaveProperty([host]);
      pulled.add(`${host}/team/test@${registry.digests['team/test']}`);
      const got = await user.docker(['pull', `${host}/team/test@${registry.digests['team/test']}`]);
      expect(got.exitCode, got.stderr).toBe(0);
      await client.run(['logout']);
      expect(JSON.parse(await readFile(join(user.folder, 'config.json'), 'utf8')).auths ?? {}).not.toHaveProperty([host]);
    } finally {
      await client[Symbol.asyncDispose]();
      await rm(bundle, { force: true });
    }
  });
});
