import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Shell, shells } from '../../client/completion.ts';
import { projectFolder } from '../../scripts/project-paths.ts';
import { createMemoryObjects } from '../../storage/index.ts';
import { bundledClient, clientBundle } from '../support/client-bundle.ts';
import { reasonAgainst } from '../support/installed-commands.ts';
import { publishImage } from '../support/published-image.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';
import { type RunningRegistry, startRegistry } from '../support/running-registry.ts';
import { type Completions, completeIn } from '../support/shell-completion.ts';

const reason = await reasonAgainst(shells);
const isInstalled = (shell: Shell): boolean => spawnSync(shell, ['--version']).status === 0;

type SetUp = {
  /** What the shell reads first, below the home folder. */
  readonly file: string;
  readonly text: string;
  /** Run beforehand. */
  readonly command?: string;
};
/** The two ways of docs/client.md: the script is made whenever the shell starts, or once, into a folder of completions. */
const setUps: readonly { readonly shell: Shell; readonly atStart: SetUp; readonly once?: SetUp }[] = [
  { shell: 'bash', atStart: { file: '.bashrc', text: 'source <(dyn-data completion bash)\n' } },
  {
    shell: 'zsh',
    atStart: { file: '.zshrc', text: 'autoload -Uz compinit && compinit\nsource <(dyn-data completion zsh)\n' },
    once: {
      file: '.zshrc',
      text: 'fpath=(~/.zsh/completions $fpath)\nautoload -Uz compinit && compinit\n',
      command: 'mkdir -p ~/.zsh/completions && dyn-data completion zsh > ~/.zsh/completions/_dyn-data',
    },
  },
  {
    shell: 'fish',
    atStart: { file: '.config/fish/config.fish', text: 'dyn-data completion fish | source\n' },
    once: {
      file: '.config/fish/config.fish',
      text: '',
      command: 'mkdir -p ~/.config/fish/completions && dyn-data completion fish > ~/.config/fish/completions/dyn-data.fish',
    },
  },
];

let folder: string;
let path: string;
let registry: RunningRegistry;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-completion-'));
  await bundledClient();
  const programs = join(folder, 'bin');
  await mkdir(programs);
  await writeFile(join(programs, 'dyn-data'), `#!/bin/sh\nexec '${process.execPath}' '${clientBundle}' "$@"\n`);
  await chmod(join(programs, 'dyn-data'), 0o755);
  path = `${programs}:/usr/local/bin:/usr/bin:/bin`;
  registry = await startRegistry({ objects: createMemoryObjects(), build: () => () => Promise.reject(new Error('builds nothing')) });
  for (const tag of ['prod-1', 'prod-2', 'tested']) await publishImage(registry, { repository: 'dynamease', tag, layers: [] });
});
afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true });
});
const client = (...args: string[]) => runOnTerminal(args, { folder, columns: undefined });

const composeFile = `
services:
  mysql: { image: mysql, labels: { dyn-data.source: mysql } }
  ldap: { image: openldap, labels: [dyn-data.source=ldap] }
  nginx: { image: nginx }
`;

/** A home folder with a shell set up in it, a project, and a file whose name has a space. */
async function homeWith({ file, text, command }: SetUp): Promise<string> {
  const home = await mkdtemp(join(folder, 'home-'));
  await mkdir(dirname(join(home, file)), { recursive: true });
  await writeFile(join(home, file), text);
  await writeFile(join(home, 'a file.yaml'), '');
  const config = { version: 1, registry: registry.url, repository: 'dynamease', stack: { files: ['docker-compose.yml'] } };
  await writeFile(join(home, 'dyn-data.yaml'), JSON.stringify(config));
  await writeFile(join(home, 'docker-compose.yml'), composeFile);
  if (command !== undefined) expect(spawnSync('sh', ['-c', command], { env: { HOME: home, PATH: path } }).status).toBe(0);
  return home;
}

/** The commands that the help text of one lists. */
async function commandsOf(...args: string[]): Promise<string[]> {
  const { stdout } = await client(...args, '--help');
  return [...stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z][a-z-]*)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
}

const file = ['a file.yaml'];
/** Lines with the words that complete their ends. */
const completed: readonly (readonly [string, readonly string[]])[] = [
  ['dyn-data pu', ['pull']],
  ['dyn-data --json snapshot ', ['create', 'list', 'pin', 'rm', 'show', 'unpin']],
  // The values of options are no commands.
  ['dyn-data -p up snapshot c', ['create']],
  ['dyn-data --config snapshot ret', ['retention']],
  ['dyn-data --config=up snapshot c', ['create']],
  ['dyn-data snapshot create up --al', ['--alias']],
  ['dyn-data up --d', ['--dry-run']],
  ['dyn-data up --e', ['--empty', '--events']],
  ['dyn-data ls --rep', []],
  ['dyn-data --ver', ['--version']],
  ['dyn-data ls --ver', []],
  ['dyn-data tag list --h', ['--help']],
  ['dyn-data token create me --role op', ['operator']],
  ['dyn-data token create me --role=op', ['operator']],
  ['dyn-data token create me --role=', ['admin', 'operator', 'reader']],
  ['dyn-data jobs list --state ', ['cancelled', 'failed', 'queued', 'running', 'succeeded']],
  ['dyn-data completion ', ['bash', 'fish', 'zsh']],
  ['dyn-data --config a', file],
  ['dyn-data --config=a', file],
  ['dyn-data restore latest --password-file a', file],
  ['dyn-data policy diff a', file],
  ['dyn-data policy diff prod a', file],
  // No files where none are expected.
  ['dyn-data ls a', []],
  ['dyn-data token show a', []],
  ['dyn-data up --timeout a', []],
  ['dyn-data -p a', []],
  // Neither are options, before they are begun.
  ['dyn-data ls ', []],
  // What only the registry knows, and the stack's files: test/client/completion-names.test.ts has all of it.
  ['dyn-data pull ', ['prod-1', 'prod-2', 'tested']],
  ['dyn-data pull dynamease:', ['prod-1', 'prod-2', 'tested']],
  ['dyn-data diff dynamease:prod-1 dynamease:t', ['tested']],
  ['dyn-data pull other:', []],
  ['dyn-data policy diff t', ['test', 'tested']],
  ['dyn-data restore tested --service ', ['ldap', 'mysql']],
  ['dyn-data restore tested --service=my', ['mysql']],
];

describe.each(setUps)('$shell', ({ shell, atStart, once }) => {
  const isHere = isInstalled(shell);
  describe.skipIf(!isHere)(isHere ? 'completes' : `[skipped: ${reason}]`, () => {
    let answers: Map<string, Completions>;
    const wordsFor = (line: string): string[] | undefined =>
      answers.get(line)?.map(({ word }) => word.replace(/^(?:--[a-z-]+=|dynamease:)/, ''));
    beforeAll(async () => {
      const home = await homeWith(atStart);
      answers = await completeIn[shell]({ home, path }, [...completed.map(([line]) => line), 'dyn-data ', 'dyn-data s']);
    });

    test('every command that --help lists', async () => {
      expect(wordsFor('dyn-data ')?.sort()).toEqual((await commandsOf()).sort());
      expect(wordsFor('dyn-data --json snapshot ')?.sort()).toEqual((await commandsOf('snapshot')).sort());
    });

    test.each(completed)('%j', (line, words) => {
      expect(wordsFor(line)?.sort()).toEqual(words);
    });

    // Bash shows none.
    if (shell !== 'bash') {
      test('with descriptions as --help has them', () => {
        const descriptions = new Map(answers.get('dyn-data s')?.map(({ word, description }) => [word, description]));
        // With a colon.
        expect(descriptions.get('snapshot')).toBe('for operators: take, look at, pin and remove snapshots');
        expect(descriptions.get('status')).toBe('show each service, its state and the snapshot it holds');
        const sources = new Map(answers.get('dyn-data restore tested --service ')?.map(({ word, description }) => [word, description]));
        expect(sources.get('ldap')).toBe('ldap');
      });
    }

    if (once !== undefined) {
      test('from a file in a folder of completions', async () => {
        const home = await homeWith(once);
        const found = await completeIn[shell]({ home, path }, ['dyn-data pu', 'dyn-data audit v']);
        expect([...found.values()].map((words) => words.map(({ word }) => word))).toEqual([['pull'], ['verify']]);
      });
    }
  });
});

test('the documentation says what is set up here', async () => {
  const documentation = (await readFile(join(projectFolder, 'docs/client.md'), 'utf8')).replaceAll('\\|', '|');
  const said = setUps
    .flatMap(({ atStart, once }) => [atStart, ...(once ? [once] : [])])
    .flatMap(({ text, command = '' }) => [...text.split('\n'), command]);
  for (const line of said) expect(documentation).toContain(line);
});

test('another shell is refused with those that there are', async () => {
  const { exitCode, stderr } = await client('completion', 'tcsh');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('Allowed choices are bash, zsh, fish');
  expect(JSON.parse((await client('completion', 'fish', '--json')).stdout)).toMatchObject({ version: 1, shell: 'fish' });
});
