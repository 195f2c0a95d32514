import { runCommandLine } from '../../client/command-line.ts';
import { isAlive } from '../../client/is-alive.ts';

/** Runs the client in this process, on a terminal of so many columns or in a pipe. Gives its exit code and all that it wrote there. */
export async function runOnTerminal(
  args: readonly string[],
  options: {
    readonly folder: string;
    /** Undefined for a pipe. */
    readonly columns: number | undefined;
    readonly env?: Readonly<Record<string, string>>;
    /** A moment that does not pass; the clock where left out. */
    readonly now?: Date;
    /** What is typed where something is asked for unseen. */
    readonly typed?: string;
    /** The machine that it says it runs on. */
    readonly host?: string;
  },
): Promise<{ readonly exitCode: number; readonly written: string; readonly stdout: string; readonly stderr: string }> {
  const { folder, columns, env = {}, now, typed = '', host = 'test' } = options;
  let [written, stdout, stderr] = ['', '', ''];
  const sink = { isTerminal: columns !== undefined, columns };
  const exitCode = await runCommandLine({
    args,
    env,
    folder,
    process: { pid: process.pid, host, isAlive },
    nodeVersion: process.versions.node,
    stdout: {
      ...sink,
      write: (text) => {
        written += text;
        stdout += text;
      },
    },
    stderr: {
      ...sink,
      write: (text) => {
        written += text;
        stderr += text;
      },
    },
    signal: new AbortController().signal,
    readHidden: async () => typed,
    confirm: async () => undefined,
    now: () => now ?? new Date(),
  });
  return { exitCode, written, stdout, stderr };
}
