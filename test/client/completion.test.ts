import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runOnTerminal } from '../support/run-on-terminal.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-completion-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});
const client = (...args: string[]) => runOnTerminal(args, { folder, columns: undefined });
const isInstalled = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

/** The first words of the lines of a help text under a heading. */
const namesIn = (help: string): string[] =>
  [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = '']) => name);

describe.skipIf(!isInstalled('bash'))(`bash${isInstalled('bash') ? '' : ' [skipped: it is not installed]'}`, () => {
  const complete = (...words: string[]): string[] => {
    const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dyn_data; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const file = join(folder, 'completion.bash');
    return spawnSync('bash', ['--norc', '-c', script, 'bash', file, ...words], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((word) => word !== '');
  };
  beforeAll(async () => writeFile(join(folder, 'completion.bash'), (await client('completion', 'bash')).stdout));

  test('completes every command that --help lists, and those below', async () => {
    const listed = namesIn((await client('--help')).stdout).filter((name) => name !== 'help');
    expect(listed.length).toBeGreaterThan(15);
    expect(complete('dyn-data', '')).toEqual(expect.arrayContaining(listed));
    const below = namesIn((await client('schedule', '--help')).stdout).filter((name) => name !== 'help');
    expect(complete('dyn-data', '--json', 'schedule', '')).toEqual(expect.arrayContaining(below));
    expect(complete('dyn-data', 'snap')).toEqual(['snapshot']);
  });

  test('completes options of the command, and the values of those that have few', () => {
    expect(complete('dyn-data', 'up', '--d')).toEqual(['--dry-run']);
    expect(complete('dyn-data', 'up', '--')).toEqual(
      expect.arrayContaining(['--locked', '--replace', '--timeout', '--json', '--config', '--help']),
    );
    expect(complete('dyn-data', 'ls', '--rep')).toEqual([]);
    expect(complete('dyn-data', 'token', 'create', 'me', '--role', 'op')).toEqual(['operator']);
    expect(complete('dyn-data', 'completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']));
  });

  test('leaves the values of other options to the shell', () => {
    expect(complete('dyn-data', '--config', '')).toEqual([]);
  });
});

test.each(['bash', 'zsh', 'fish'])('the script for %s is read without an error where that shell is installed', async (shell) => {
  const { stdout, exitCode } = await client('completion', shell);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('snapshot create');
  if (!isInstalled(shell)) return;
  const file = join(folder, `completion.${shell}`);
  await writeFile(file, stdout);
  expect(spawnSync(shell, ['-n', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

test('another shell is refused with those that there are', async () => {
  const { exitCode, stderr } = await client('completion', 'tcsh');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('Allowed choices are bash, zsh, fish');
  expect(JSON.parse((await client('completion', 'fish', '--json')).stdout)).toMatchObject({ version: 1, shell: 'fish' });
});
