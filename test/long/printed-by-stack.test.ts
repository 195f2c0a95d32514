import { afterAll, beforeAll, expect, test } from 'vitest';
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
    ['down', []],
  ];

  test.each(printings)(
    '%s %j prints what is stored for a pipe and for terminals, and JSON as its published schema says',
    async (name, args) => {
      const parts = [`$ dyn-data ${[name, ...args].join(' ')}`];
      const piped = await stack.client.run([name, ...args]);
      expect(piped.exitCode, piped.stderr).toBe(0);
      parts.push('--- in a pipe', piped.stdout.trimEnd());
      // What comes meanwhile is in another order each time.
      const noted = piped.stderr.split('\n').filter((line) => !line.includes(': ') && line !== '');
      if (noted.length > 0) parts.push('--- on standard error', ...noted);
      const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...imageVariables() };
      for (const columns of name === 'up' || name === 'status' ? [60, 120] : []) {
        const { written, exitCode } = await runOnPseudoTerminal([process.execPath, await stack.client.bundle(), name, ...args], {
          folder: stack.client.folder,
          columns,
          env,
        });
        expect(exitCode, written).toBe(0);
        // From the table on; before it lines come and go.
        const shown = written.slice(written.lastIndexOf('\u001b[2K') + 1);
        const table = shown.slice(shown.search(/^(?:SERVICE|STEP) /m)).trimEnd();
        parts.push(`--- on a terminal of ${columns} columns`, table);
        for (const line of table.split(/\r?\n\r?\n/)[0]?.split('\n') ?? []) expect(line.trimEnd().length).toBeLessThanOrEqual(columns);
      }
      const known = new Map(Object.values(imageVariables()).map((image) => [image, 'IMAGE'] as const));
      const file = `${import.meta.dirname}/../fixtures/printed/${[name, ...args].join('-').replaceAll('--', '')}.txt`;
      await expect(`${timeless(normalised(parts.join('\n'), known))}\n`).toMatchFileSnapshot(file);
      expectPublished(name, await stack.client.runJson([name, ...args]));
    },
  );

  test('doctor and each line of logs keep to their published schemas', async () => {
    expectPublished('doctor', JSON.parse((await stack.client.run(['doctor', '--json'])).stdout));
    expect((await stack.client.run(['up', '--locked'])).exitCode).toBe(0);
    const lines = (await stack.client.run(['logs', 'speaker', '--json'])).stdout.trimEnd().split('\n');
    for (const line of lines) expectPublished('logs', JSON.parse(line));
  });
});
