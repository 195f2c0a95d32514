import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ContainerShell, createContainerShell, fitsShell } from '../../client/container-shell.ts';
import { capturedLength, createRunner } from '../../client/process.ts';
import { runCommand, runOrFail } from '../../scripts/run-command.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';

const name = 'dyn-data-test-container-shell';

describeWithEngine('a shell that is kept open in a container', () => {
  let container: string;
  let shell: ContainerShell;
  const runner = createRunner({ env: process.env, signal: new AbortController().signal });
  const script = (text: string, ...args: string[]) => shell.run(['sh', '-c', text, 'sh', ...args]);
  const inside = async (text: string): Promise<string> => (await runCommand('docker', ['exec', name, 'sh', '-c', text])).stdout.trim();
  /** How many shells wait for commands; the first process is not one of ours. */
  const openShells = (): Promise<string> =>
    inside('for one in /proc/[0-9]*; do tr "\\0" " " < "$one/cmdline" 2>/dev/null; echo; done | grep -cx "sh *"; true');

  beforeAll(async () => {
    await runCommand('docker', ['rm', '--force', name]);
    const image = imageVariables().NGINX_IMAGE ?? '';
    container = (
      await runOrFail('Starting', 'docker', ['run', '-d', '--init', '--name', name, '--entrypoint', 'sleep', image, '1000'])
    ).trim();
  });

  beforeEach(() => {
    shell = createContainerShell(runner, container, '0');
    return () => shell[Symbol.asyncDispose]();
  });

  afterAll(async () => {
    await runCommand('docker', ['rm', '--force', name]);
  });

  test('gives the exit code and both outputs exactly', async () => {
    const both = await script('printf "a\\n\\nb"; printf "c\\n\\n" >&2; exit 7');
    expect(both).toMatchObject({ exitCode: 7, stdout: 'a\n\nb', stderr: 'c\n\n' });
    expect(await script('true')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect(await script('kill -9 $$')).toMatchObject({ exitCode: 137, stdout: '', stderr: '' });
    expect(await script('id -u')).toMatchObject({ exitCode: 0, stdout: '0\n' });
    expect(await openShells()).toBe('1');
  });

  test('a command that is not there is 127, and one that ends its own shell ends nothing else', async () => {
    expect(await shell.run(['no such command'])).toMatchObject({ exitCode: 127, stdout: '' });
    expect(await shell.run(['exit'])).toMatchObject({ exitCode: 127 });
    expect(await script('echo on')).toMatchObject({ stdout: 'on\n' });
  });

  test('takes arguments and input as they are', async () => {
    const awkward = [`it's "quoted"`, '$HOME `id` \\n \\', ' two\nlines\n', '', '*', '-e', '%s', 'Zoë 😀', 'a\r\n'];
    const { stdout } = await shell.run(['sh', '-c', 'for one; do printf "%s\\0" "$one"; done', 'sh', ...awkward]);
    expect(stdout.split('\0').slice(0, -1)).toEqual(awkward);
    for (const input of [...awkward, 'x'.repeat(64 * 1024), "'".repeat(60_000)]) {
      expect(fitsShell(input)).toBe(true);
      expect((await shell.run(['cat'], { input })).stdout).toBe(input);
    }
    expect(fitsShell('\0')).toBe(false);
    expect(fitsShell('x'.repeat(64 * 1024 + 1))).toBe(false);
    // One that does not read its input, and one that is given none.
    expect(await shell.run(['true'], { input: 'x'.repeat(60_000) })).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await shell.run(['cat'])).toMatchObject({ exitCode: 0, stdout: '' });
  });

  test('of a long output it keeps the end', async () => {
    const { stdout, stderr } = await script('seq 1 900000; seq 1 50000 >&2');
    expect(stdout).toHaveLength(capturedLength);
    expect(stdout.endsWith('\n899999\n900000\n')).toBe(true);
    expect(stderr.startsWith('1\n2\n')).toBe(true);
    expect(stderr.endsWith('\n50000\n')).toBe(true);
  });

  test('commands at the same time have a shell each, and each its own output', async () => {
    const numbers = ['1', '2', '3', '4'];
    const results = await Promise.all(numbers.map((number) => script('sleep 0.3; echo "$1"; exit "$1"', number)));
    expect(results.map(({ exitCode, stdout }) => `${exitCode} ${stdout}`)).toEqual(numbers.map((number) => `${number} ${number}\n`));
    expect(await openShells()).toBe('4');
    await shell[Symbol.asyncDispose]();
    expect(await openShells()).toBe('0');
  });

  test('a shell that was killed is opened anew; a command that was cut by it tells', async () => {
    await script('true');
    await inside(`kill -9 $(for one in /proc/[0-9]*; do [ "$(tr -d '\\0' < $one/cmdline)" = sh ] && basename $one; done)`);
    expect(await script('echo again')).toMatchObject({ exitCode: 0, stdout: 'again\n' });
    expect(await script('echo before; kill -9 $PPID; sleep 1')).toMatchObject({ exitCode: 137, stdout: 'before\n' });
    expect(await script('echo again')).toMatchObject({ exitCode: 0, stdout: 'again\n' });
  });

  test('goes on in a container that was restarted, and says what docker says of one that does not run', async () => {
    await script('true');
    await runOrFail('Restarting', 'docker', ['restart', '--time', '0', name]);
    expect(await script('echo again')).toMatchObject({ exitCode: 0, stdout: 'again\n' });
    const cut = script('sleep 60');
    await sleep(300);
    await runOrFail('Stopping', 'docker', ['kill', name]);
    expect((await cut).exitCode).not.toBe(0);
    const stopped = await script('true');
    expect(stopped.exitCode).toBe(1);
    expect(stopped.stderr).toContain('not running');
    await runOrFail('Starting', 'docker', ['start', name]);
    expect(await script('echo again')).toMatchObject({ exitCode: 0, stdout: 'again\n' });
  });

  test('a signal and a time limit end a command; the next one has another shell', async () => {
    const stop = new AbortController();
    const cancelled = shell.run(['sleep', '60'], { signal: stop.signal });
    setTimeout(() => stop.abort(), 500);
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(shell.run(['true'], { signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    const late = await shell.run(['sh', '-c', 'echo begun; exec sleep 60'], { timeoutMs: 800 });
    expect(late).toMatchObject({ exitCode: null, stdout: 'begun\n' });
    expect(await script('echo on')).toMatchObject({ exitCode: 0, stdout: 'on\n' });
  });

  test('an interruption of the program ends no shell, so that there is one to clean up with', async () => {
    const interrupted = new AbortController();
    await using own = createContainerShell(createRunner({ env: process.env, signal: interrupted.signal }), container, '0');
    await own.run(['true']);
    interrupted.abort();
    expect(await own.run(['echo', 'clean'])).toMatchObject({ exitCode: 0, stdout: 'clean\n' });
  });
});
