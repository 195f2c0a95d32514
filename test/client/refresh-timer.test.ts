import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandResult, runCommand } from '../../scripts/run-command.ts';

const example = join(import.meta.dirname, '../../deploy/test-server');
const units = join(example, 'systemd');
const hasSystemd = (await runCommand('systemd-analyze', ['--version'])).exitCode === 0;

/** What the script itself does with a stack: test/long/side-by-side.test.ts. */
describe.skipIf(!hasSystemd)(`the timer of a test server${hasSystemd ? '' : ' [skipped: there is no systemd-analyze]'}`, () => {
  let home = '';
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'dyn-data-home-'));
    await cp(example, join(home, 'test-server'), { recursive: true });
  });
  afterAll(() => rm(home, { recursive: true, force: true }));
  const verify = (...files: string[]): Promise<CommandResult> =>
    runCommand('systemd-analyze', ['verify', '--user', ...files], { env: { HOME: home, XDG_RUNTIME_DIR: home } });

  test('is taken by systemd as it is', async () => {
    const verified = await verify(join(units, 'dyn-data-refresh.timer'), join(units, 'dyn-data-refresh.service'));
    expect(verified).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    await writeFile(join(home, 'wrong.timer'), '[Timer]\nOnCalendar=each night\n');
    expect((await verify(join(home, 'wrong.timer'))).exitCode).toBe(1);
  });
});
