import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandResult, runCommand } from '../../scripts/run-command.ts';
import { bundledClient, clientBundle } from '../support/client-bundle.ts';

const example = join(import.meta.dirname, '../../deploy/test-server');
const units = join(example, 'systemd');
const hasSystemd = (await runCommand('systemd-analyze', ['--version'])).exitCode === 0;

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'dyn-data-home-'));
  await cp(example, join(home, 'test-server'), { recursive: true });
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe.skipIf(!hasSystemd)(`the timer of a test server${hasSystemd ? '' : ' [skipped: there is no systemd-analyze]'}`, () => {
  const verify = (...files: string[]): Promise<CommandResult> =>
    runCommand('systemd-analyze', ['verify', '--user', ...files], { env: { HOME: home, XDG_RUNTIME_DIR: home } });

  test('is taken by systemd as it is', async () => {
    const verified = await verify(join(units, 'dyn-data-refresh.timer'), join(units, 'dyn-data-refresh.service'));
    expect(verified).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    await writeFile(join(home, 'wrong.timer'), '[Timer]\nOnCalendar=each night\n');
    expect((await verify(join(home, 'wrong.timer'))).exitCode).toBe(1);
  });
});

/** What it does with a stack: test/long/side-by-side.test.ts. */
describe('the refresh of a test server', () => {
  test.each([[[]], [['in-place']]])('%j ends as the command that failed, and it stays noted which stack serves', async (args) => {
    await bundledClient();
    const bin = join(home, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'dyn-data'), `#!/bin/sh\nexec '${process.execPath}' '${clientBundle}' "$@"\n`);
    await chmod(join(bin, 'dyn-data'), 0o755);
    await writeFile(
      join(home, 'dyn-data.yaml'),
      'version: 1\nregistry: http://127.0.0.1:1\nrepository: dynamease\nstack: { files: [docker-compose.yml] }\n',
    );
    await mkdir(join(home, 'state'), { recursive: true });
    await writeFile(join(home, 'state/serving'), 'b\n');
    const refreshed = await runCommand(join(home, 'test-server/refresh.sh'), args, {
      cwd: home,
      env: {
        PATH: `${bin}:/usr/bin:/bin`,
        STATE_DIRECTORY: join(home, 'state'),
        // Nobody listens there.
        DOCKER_HOST: 'unix:///nonexistent/docker.sock',
        ...{ PROJECT: 'test', SNAPSHOT: 'prod-latest', PORT_NAME: 'PORT', PORT_A: '1', PORT_B: '2', SWITCH: 'false' },
      },
    });
    // Where there is no docker at all, or no engine behind it.
    expect(JSON.parse(refreshed.stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({ error: { code: 'ENGINE_UNAVAILABLE' } });
    expect([refreshed.exitCode, refreshed.stdout]).toEqual([5, '']);
    expect(await readFile(join(home, 'state/serving'), 'utf8')).toBe('b\n');
  });

  test('leads an nginx to another port, and leaves its file as it was where it does not take that', async () => {
    const front = join(home, 'front');
    await mkdir(front);
    const file = join(front, 'upstream.conf');
    const lead = (port: string, reload: string): Promise<CommandResult> =>
      runCommand(join(home, 'test-server/switch-nginx.sh'), [port], { env: { NGINX_UPSTREAM: file, NGINX_RELOAD: reload } });
    expect((await lead('18081', 'false')).exitCode).toBe(1);
    expect(await readdir(front)).toEqual([]);
    expect((await lead('18081', 'true')).exitCode).toBe(0);
    expect(await lead('18082', 'false')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('it is as it was') });
    expect(await readFile(file, 'utf8')).toBe('upstream test_server { server 127.0.0.1:18081; }\n');
    expect(await readdir(front)).toEqual(['upstream.conf']);
  });
});
