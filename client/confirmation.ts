import type { ReadStream } from 'node:tty';

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
