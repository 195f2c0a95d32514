import type { ReadStream } from 'node:tty';
import { DynDataError } from '../core/errors.ts';

/** Far above any token. */
const maxLength = 10_000;

/** One line from standard input: typed without being shown on a terminal, else read to its end. */
export type ReadHidden = (prompt: string) => Promise<string>;

/** @throws DynDataError CANCELLED, USAGE */
export function createHiddenInput(input: NodeJS.ReadStream | ReadStream, prompt: (text: string) => void): ReadHidden {
  return async (question) => {
    const isTerminal = input.isTTY === true;
    if (isTerminal) {
      prompt(question);
      input.setRawMode(true);
    }
    try {
      return isTerminal ? await typed(input) : await wholeText(input);
    } finally {
      if (isTerminal) {
        input.setRawMode(false);
        prompt('\n');
      }
      input.pause();
    }
  };
}

async function wholeText(input: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const piece of input) {
    text += String(piece);
    if (text.length > maxLength) throw new DynDataError('USAGE', 'Standard input is too long to be a token. Give the token alone.');
  }
  return text.trim();
}

async function typed(input: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const piece of input) {
    for (const character of String(piece)) {
      if (character === '\r' || character === '\n') return text.trim();
      // Without the terminal's own handling, Ctrl-C and Ctrl-D come as characters.
      if (character === '\u0003' || character === '\u0004') throw new DynDataError('CANCELLED', 'Interrupted. Nothing was stored.');
      if (character === '\u007f' || character === '\b') text = text.slice(0, -1);
      else if (text.length < maxLength) text += character;
    }
  }
  return text.trim();
}
