import { PassThrough } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { expect, test } from 'vitest';
import { createConfirmation } from '../../client/confirmation.ts';

/** Two streams that say they are a terminal, as the main file's are. */
function terminal(isTTY: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => undefined });
  const output = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  const confirm = createConfirmation(input as unknown as ReadStream, output as unknown as WriteStream);
  return { input, output, confirm };
}
const signal = new AbortController().signal;

test.each([
  ['y', true],
  ['Yes', true],
  ['n', false],
  ['', false],
  ['yessir', false],
])('the answer %j is %s', async (answer, agreed) => {
  const { input, output, confirm } = terminal(true);
  const asked = confirm('Go on?', signal);
  input.write(`${answer}\r`);
  expect(await asked).toBe(agreed);
  expect(String(output.read())).toContain('Go on? [y/N] ');
});

test('Ctrl-C agrees to nothing', async () => {
  const { input, confirm } = terminal(true);
  const asked = confirm('Go on?', signal);
  input.write('\u0003');
  expect(await asked).toBe(false);
});

test('without a terminal nobody is asked', async () => {
  const { output, confirm } = terminal(false);
  expect(await confirm('Go on?', signal)).toBeUndefined();
  expect(output.read()).toBeNull();
});
