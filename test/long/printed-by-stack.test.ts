import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer } from '../../bench/servers.ts';
import { type CommandsStack, openCommandsStack } from '../support/commands-stack.ts';
import { describeWithEngine, imageVariables } from '../support/engine.ts';
import { normalised, timeless } from '../support/normalised.ts';
import { runOnPseudoTerminal } from '../support/pseudo-terminal.ts';
import { expectPublished } from '../support/published-schemas.ts';

// What the commands that need an engine print, as files in test/fixtures/printed; those that need none: test/client/printed.test.ts.
describeWithEngine('with a restored stack', () => {
  let stack: CommandsStack;
  beforeAll(async () => {
    stack = await openCommandsStack('dyn-data-test-printed');
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  const printings: readonly (readonly [name: string, args: readonly string[]])[] = [
    ['pull', ['first']],
    ['pin', ['first']],
    ['up', ['--dry-run']],
    ['up', ['--locked']],
    ['status', []],
    ['verify', ['--restored']],
    ['reset', ['--service', 'push-db', '--yes']],
    ['restore', ['first', '--service', 'push-db', '--yes']],
    ['logs', ['speaker', '--tail', '2']],
    ['down', []],
  ];
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    DYN_DATA_TARGET_PASSWORD: 'word',
    ...imageVariables(),
  };
  const known = new Map(Object.values(imageVariables()).map((image) => [image, 'IMAGE'] as const));
  const fixture = (name: string): string => `${import.meta.dirname}/../fixtures/printed/${name}.txt`;
  /** What comes meanwhile is in another order each time. */
  const notedOf = (stderr: string): string[] => stderr.split('\n').filter((line) => !line.includes(': ') && line !== '');

  const onTerminal = async (args: readonly string[], options: { readonly columns: number; readonly typed?: string }) =>
    runOnPseudoTerminal([process.execPath, await stack.client.bundle(), ...args], { folder: stack.client.folder, env, ...options });
  /** What stays there, without colour; lines that come and go are written over. */
  const screenOf = (written: string): string[] => {
    const lines = [''];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what moves on a terminal
    for (const [piece] of written.matchAll(/\u001b\[[0-9;]*[A-Za-z]|\n|[^\u001b\n]+/g)) {
      if (piece === '\n') lines.push('');
      else if (piece === '\u001b[1A') lines.pop();
      else if (piece === '\u001b[2K') lines[lines.length - 1] = '';
      else if (!piece.startsWith('\u001b')) lines[lines.length - 1] += piece;
    }
    return lines.map((line) => line.trimEnd()).filter((line) => line !== '');
  };

  test.each(printings)(
    '%s %j prints what is stored for a pipe and for terminals, and JSON as its published schema says',
    async (name, args) => {
      const parts = [`$ dyn-data ${[name, ...args].join(' ')}`];
      const piped = await stack.client.run([name, ...args]);
      expect(piped.exitCode, piped.stderr).toBe(0);
      // A service's two streams come in any order.
      parts.push('--- in a pipe', name === 'logs' ? piped.stdout.trimEnd().split('\n').sort().join('\n') : piped.stdout.trimEnd());
      const noted = notedOf(piped.stderr);
      if (noted.length > 0) parts.push('--- on standard error', ...noted);
      for (const columns of name === 'up' || name === 'status' ? [60, 120] : []) {
        const { written, exitCode } = await onTerminal([name, ...args], { columns });
        expect(exitCode, written).toBe(0);
        // From the table on; before it lines come and go.
        const shown = written.slice(written.lastIndexOf('\u001b[2K') + 1);
        const table = shown.slice(shown.search(/^(?:SERVICE|STEP) /m)).trimEnd();
        parts.push(`--- on a terminal of ${columns} columns`, table);
        for (const line of table.split(/\r?\n\r?\n/)[0]?.split('\n') ?? []) expect(line.trimEnd().length).toBeLessThanOrEqual(columns);
      }
      for (const columns of name === 'up' || name === 'status' ? [] : [80]) {
        const { written, exitCode } = await onTerminal([name, ...args], { columns });
        expect(exitCode, written).toBe(0);
        const lines = screenOf(written).filter((line) => piped.stdout.includes(line) || !/^(?:push-db|speaker): /.test(line));
        parts.push(`--- on a terminal of ${columns} columns`, ...(name === 'logs' ? lines.sort() : lines));
      }
      const file = fixture([name, ...args].join('-').replaceAll('--', ''));
      // Where a service runs already, its health can be told in too little time to be shown.
      const shown = timeless(normalised(parts.join('\n'), known)).replaceAll(', health TIME', '');
      await expect(`${shown}\n`).toMatchFileSnapshot(file);
      // One document a line where there may be no end.
      const json = name === 'logs' ? (await stack.client.run([name, ...args, '--json'])).stdout.trimEnd().split('\n') : [];
      for (const line of json) expectPublished(name, JSON.parse(line));
      if (name !== 'logs') expectPublished(name, await stack.client.runJson([name, ...args]));
    },
  );

  test('restore --to a server elsewhere prints what is stored, and what stops it', async () => {
    const server = {
      name: `${stack.project}-elsewhere`,
      image: imageVariables().POSTGRES_IMAGE ?? '',
      env: { POSTGRES_USER: 'owner', POSTGRES_PASSWORD: 'word' },
      port: 5432,
      ready: 'pg_isready --quiet --host=127.0.0.1',
      command: [],
    };
    await using started = await startServer(server);
    const parts: string[] = [];
    const address = `postgres://owner@127.0.0.1:${started.port}`;
    for (const more of [[], [], ['--replace'], ['--replace', '--yes']]) {
      const args = ['restore', 'first', '--to', address, ...more];
      const { exitCode, stdout, stderr } = await stack.client.run(args, { DYN_DATA_TARGET_PASSWORD: 'word' });
      parts.push(`$ dyn-data ${args.join(' ')}`, stdout.trimEnd());
      const noted = exitCode === 0 ? notedOf(stderr) : stderr.trimEnd().split('\n');
      if (noted.length > 0) parts.push('--- on standard error', ...noted);
      parts.push(`--- ends with ${exitCode}`);
    }
    for (const typed of ['n\r', 'y\r']) {
      const args = ['restore', 'first', '--to', address, '--replace'];
      const { written, exitCode } = await onTerminal(args, { columns: 80, typed });
      parts.push(`$ dyn-data ${args.join(' ')}`, '--- on a terminal of 80 columns', ...screenOf(written), `--- ends with ${exitCode}`);
    }
    await expect(`${timeless(normalised(parts.join('\n'), known))}\n`).toMatchFileSnapshot(fixture('restore-to'));
    const again = ['restore', 'first', '--to', address, '--replace', '--yes', '--json'];
    expectPublished('restore', JSON.parse((await stack.client.run(again, { DYN_DATA_TARGET_PASSWORD: 'word' })).stdout));
  });

  test('doctor keeps to its published schema', async () => {
    expectPublished('doctor', JSON.parse((await stack.client.run(['doctor', '--json'])).stdout));
  });
});
