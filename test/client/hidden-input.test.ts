import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createHiddenInput } from '../../client/hidden-input.ts';

/** The side of a terminal that a program sees; what is typed comes as the pieces say. */
const ask = async (pieces: readonly string[], isTTY: boolean) => {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: (mode: boolean) => modes.push(mode) });
  let shown = '';
  const answer = createHiddenInput(input as unknown as NodeJS.ReadStream, (text) => {
    shown += text;
  })('Token: ');
  for (const piece of pieces) input.write(piece);
  if (!isTTY) input.end();
  return { text: await answer.catch((error: { code?: string }) => error.code), shown, modes };
};

test('what is typed is not shown, and can be corrected', async () => {
  expect(await ask(['dd_a', 'bx\u007fc', '\r'], true)).toEqual({ text: 'dd_abc', shown: 'Token: \n', modes: [true, false] });
  expect(await ask(['pasted whole\n'], true)).toMatchObject({ text: 'pasted whole' });
});

test('Ctrl-C and Ctrl-D end it, and the terminal is as before', async () => {
  for (const key of ['\u0003', '\u0004']) expect(await ask(['dd_a', key], true)).toMatchObject({ text: 'CANCELLED', modes: [true, false] });
});

test('what is no terminal is read to its end, without a question', async () => {
  expect(await ask(['dd_', 'abc\n'], false)).toEqual({ text: 'dd_abc', shown: '', modes: [] });
  expect(await ask(['x'.repeat(20_000)], false)).toMatchObject({ text: 'USAGE' });
});
