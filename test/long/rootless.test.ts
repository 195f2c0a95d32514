import { cp, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer } from '../../bench/servers.ts';
import { type CommandResult, runOrFail } from '../../scripts/run-command.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { freePort } from '../support/free-port.ts';
import { canBeRootless, type RootlessEngine, startRootlessEngine } from '../support/rootless-engine.ts';
import { mysqlSource } from '../support/shop-data.ts';
import { createShopStack, directory, installations, people, push, type ShopStack, shopImages } from '../support/shop-stack.ts';

const project = 'dyn-data-test-rootless';
const customers = 2500;
const isPossible = await canBeRootless();
const example = join(import.meta.dirname, '../../deploy/test-server');

describeWithEngine(`a user who is not root, with rootless Docker${isPossible ? '' : ' [skipped: needs Debian as root]'}`, () => {
  let engine: RootlessEngine;
  let stack: ShopStack;
  let folder = '';

  beforeAll(async () => {
    if (!isPossible) return;
    engine = await startRootlessEngine();
    const load = `docker save ${shopImages().join(' ')} | DOCKER_HOST='${engine.env.DOCKER_HOST}' docker load`;
    await runOrFail('Copying images to the rootless engine', 'bash', ['-o', 'pipefail', '-c', load]);
    stack = await createShopStack(project, engine.env, engine.address);
    await stack.publish('first', [mysqlSource({ customers, chunkRows: 1000 }), push, directory]);
    await stack.publish('second', [mysqlSource({ customers: 100, chunkRows: 1000 }), push, directory]);
    folder = stack.client.folder;
    await engine.give(folder);
  });
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });
  const attempt = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> =>
    engine.run(['dyn-data', ...args], { cwd: folder, env: { ...imageVariables(), ...env } });
  const run = async (...args: string[]): Promise<CommandResult> => {
    const ended = await attempt(args);
    expect(ended.exitCode, `${args.join(' ')}: ${ended.stderr}`).toBe(0);
    return ended;
  };
  const runJson = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout);

  test.runIf(isPossible)('is neither root nor somebody who may ask the engine of this machine', async () => {
    expect((await engine.run(['id', '-u'], { cwd: folder })).stdout).toBe(`${engine.userId}\n`);
    const security = await engine.run(['docker', 'info', '--format', '{{.SecurityOptions}}'], { cwd: folder });
    expect(security.stdout).toContain('name=rootless');
    const other = await attempt(['status'], { DOCKER_HOST: 'unix:///var/run/docker.sock' });
    expect(other.stderr).toContain('error ENGINE_UNAVAILABLE');
    expect(other.exitCode).toBe(5);
  });

  test.runIf(isPossible)('pulls, brings up, looks, verifies and resets', async () => {
    expect((await run('pull', 'first')).stdout).toContain('of it transferred');
    const { services } = await runJson('up');
    const rows = services.map((one: { service: string; restored?: { rows: number } }) => [one.service, one.restored?.rows]);
    expect(Object.fromEntries(rows)).toEqual({ db: customers + 10, 'push-db': installations, directory: people + 2, reader: undefined });
    expect(await stack.readerSaw()).toBe(String(customers));
    expect(await runJson('verify', '--restored')).toMatchObject({ restored: Array(3).fill({ state: 'same' }) });
    await stack.mysql('DELETE FROM shop.orders');
    const status = await runJson('status');
    expect(status.services).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ service: 'db', health: 'healthy', snapshot: expect.objectContaining({ changed: 'yes' }) }),
      ]),
    );
    await run('reset', '--service', 'db', '--yes');
    expect(await stack.mysql('SELECT COUNT(*) FROM shop.orders')).toEqual([['10']]);
    expect((await run('logs', 'reader')).stdout).toContain(String(customers));
    await run('pin', 'first');
    expect(await runJson('up', '--locked')).toMatchObject({ reference: 'first' });
    const { checks } = JSON.parse((await attempt(['doctor', '--json'])).stdout);
    for (const name of ['engine', 'compose', 'stack']) expect(checks).toContainEqual(expect.objectContaining({ name, state: 'ok' }));
    // All that the client wrote is the user's.
    for (const file of ['.dyn-data', '.dyn-data/pulled.json', 'dyn-data.lock'])
      expect((await stat(join(folder, file))).uid).toBe(engine.userId);
  });

  test.runIf(isPossible)('restores into a server elsewhere, by an address that is not the loopback', async () => {
    const server = {
      name: `${project}-elsewhere`,
      image: imageVariables().POSTGRES_IMAGE ?? '',
      env: { POSTGRES_USER: 'owner', POSTGRES_PASSWORD: 'word' },
      port: 5432,
      host: engine.address,
      ready: 'pg_isready --quiet --host=127.0.0.1',
      command: [],
    };
    await using started = await startServer(server);
    const restore = (host: string) =>
      attempt(['restore', 'first', '--to', `postgres://owner@${host}:${started.port}`], { DYN_DATA_TARGET_PASSWORD: 'word' });
    // That of the engine is its own.
    expect((await restore('127.0.0.1')).stderr).toContain('error SERVICE_UNHEALTHY');
    const restored = await restore(engine.address);
    expect(restored.stdout, restored.stderr).toContain(', verified, after ');
  });

  test.runIf(isPossible)('is told where a folder may not be written, and nothing is lost', async () => {
    await runOrFail('Taking the folder away', 'chown', ['0', join(folder, '.dyn-data')]);
    const refused = await attempt(['up']);
    expect(refused.stderr).toContain(
      `error ACCESS_DENIED: ${join(folder, '.dyn-data/lock')} cannot be written (EACCES). Let this user write there`,
    );
    expect(refused.exitCode).toBe(4);
    await engine.give(folder);
    await run('up');
    await run('down', '-v');
    expect((await stack.client.docker(['ps', '-aq'])).stdout).toBe('');
  });

  test.runIf(isPossible)('has a test server refreshed by the unit of the example', async () => {
    const unit = await readFile(join(example, 'systemd/dyn-data-refresh.service'), 'utf8');
    const place = (text: string): string => text.replaceAll('%h', engine.home).replaceAll('%t', engine.runtime);
    // As docs/test-server.md has it, but for the stack.
    const server = join(engine.home, 'test-server');
    await mkdir(server);
    for (const name of await readdir(example)) if (name.endsWith('.sh')) await cp(join(example, name), join(server, name));
    await mkdir(join(server, 'front'));
    for (const name of ['dyn-data.yaml', 'docker-compose.yml']) await cp(join(folder, name), join(server, name));
    const own = {
      ...imageVariables(),
      SNAPSHOT: 'first',
      PORT_A: String(await freePort()),
      PORT_B: String(await freePort()),
      NGINX_RELOAD: 'true',
    };
    const given = unit.match(/^Environment=.*$/gm)?.flatMap((line) => place(line).slice('Environment='.length).split(' ')) ?? [];
    const env = {
      ...Object.fromEntries(given.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])),
      STATE_DIRECTORY: join(engine.home, '.local/state/dyn-data-refresh'),
      ...own,
    };
    const [, start = ''] = /^ExecStart=(.*)$/m.exec(place(unit)) ?? [];
    await engine.give(server);
    const refresh = (snapshot: string) => engine.run([start], { cwd: server, env: { ...env, SNAPSHOT: snapshot } });
    try {
      const first = await refresh('first');
      expect(first.exitCode, first.stderr).toBe(0);
      expect(first.stderr).toContain(`test-a serves first on port ${own.PORT_A}.`);
      const second = await refresh('second');
      expect(second.exitCode, second.stderr).toBe(0);
      expect(await readFile(join(server, 'front/upstream.conf'), 'utf8')).toContain(`127.0.0.1:${own.PORT_B};`);
      const left = await stack.client.docker(['ps', '--all', '--format', '{{.Label "com.docker.compose.project"}}']);
      expect([...new Set(left.stdout.trim().split('\n'))]).toEqual(['test-b']);
      expect((await stack.client.docker(['logs', 'test-b-reader-1'])).stdout.trim()).toBe('100');
      expect((await refresh('never-taken')).exitCode).toBe(3);
    } finally {
      for (const one of ['test-a', 'test-b'])
        await engine.run(['dyn-data', '-p', one, 'down', '-v'], { cwd: server, env: imageVariables() });
    }
  });
});
