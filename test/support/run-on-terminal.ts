import { runCommandLine } from '../../client/command-line.ts';

/** Runs the client in this process, on a terminal of so many columns. Gives its exit code and all that it wrote there. */
export async function runOnTerminal(
  args: readonly string[],
  options: { readonly folder: string; readonly columns: number; readonly env?: Readonly<Record<string, string>>; readonly now?: Date },
): Promise<{ readonly exitCode: number; readonly written: string }> {
  const { folder, columns, env = {}, now = new Date() } = options;
  let written = '';
  const write = (text: string): void => {
    written += text;
  };
  const sink = { write, isTerminal: true, columns };
  const exitCode = await runCommandLine({
    args,
    env,
    folder,
    process: { pid: process.pid, host: 'test', isAlive: () => true },
    nodeVersion: process.versions.node,
    stdout: sink,
    stderr: sink,
    signal: new AbortController().signal,
    readHidden: async () => '',
    confirm: async () => undefined,
    now: () => now,
  });
  return { exitCode, written };
}
