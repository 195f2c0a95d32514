import type { ReadStream } from 'node:tty';
import { DynDataError } from '../core/errors.ts';
import type { Context } from './context.ts';

/** Asks whoever sits at the terminal; undefined where nobody does. */
export type Confirm = (question: string, signal: AbortSignal) => Promise<boolean | undefined>;

export function createConfirmation(input: NodeJS.ReadStream | ReadStream, terminal: NodeJS.WriteStream): Confirm {
  return async (question, signal) => {
    if (input.isTTY !== true || terminal.isTTY !== true) return undefined;
    const { createInterface } = await import('node:readline/promises');
    const asking = createInterface({ input, output: terminal });
    // With its own terminal the interface takes Ctrl-C for itself; then nothing was agreed to.
    const interrupted = new Promise<string>((resolve) => asking.once('SIGINT', () => resolve('')));
    try {
      const answer = await Promise.race([asking.question(`${question} [y/N] `, { signal }), interrupted]);
      return /^y(?:es)?$/i.test(answer.trim());
    } finally {
      asking.close();
    }
  };
}

/**
 * Goes on only where whoever runs the command agrees, or has with `yes`.
 * @throws DynDataError USAGE where nobody can be asked, CANCELLED where the answer is no
 */
export async function agree({ output, confirm, signal }: Context, yes: boolean, question: string): Promise<void> {
  if (yes) return;
  const answer = output.json ? undefined : await confirm(question, signal);
  if (answer === undefined)
    throw new DynDataError('USAGE', `${question.replace(' Go on?', '')} There is no terminal to ask at: add --yes to agree.`);
  if (!answer) throw new DynDataError('CANCELLED', 'Nothing was changed.');
}
