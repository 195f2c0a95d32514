import { spawn } from 'node:child_process';

/** Runs a program on a pseudo-terminal of so many columns (by `script` of util-linux). Gives its exit code and all that it wrote there. */
export function runOnPseudoTerminal(
  command: readonly string[],
  options: {
    readonly folder: string;
    readonly columns: number;
    readonly env: Readonly<Record<string, string>>;
    /** Nothing, and then the end, where left out. */
    readonly typed?: string;
  },
): Promise<{ readonly exitCode: number | null; readonly written: string }> {
  const { folder, columns, env, typed } = options;
  const quoted = command.map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = spawn('/usr/bin/script', ['-qefc', `/usr/bin/stty cols ${columns} rows 50; exec ${quoted}`, '/dev/null'], {
    cwd: folder,
    env: { ...env, SHELL: '/bin/sh', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(typed);
  let written = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, written: written.replaceAll('\r\n', '\n') }));
  });
}
