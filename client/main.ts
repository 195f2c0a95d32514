import { hostname } from 'node:os';
import { outputOf, runCommandLine } from './command-line.ts';
import { askedCommand } from './completion.ts';
import { createConfirmation } from './confirmation.ts';
import { createHiddenInput } from './hidden-input.ts';
import { isAlive } from './is-alive.ts';
import type { TextSink } from './output.ts';
import { useProxyOf } from './proxy.ts';
import { unwritable } from './unwritable.ts';

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort());

function sink(stream: NodeJS.WriteStream): TextSink {
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns;
    },
  };
}
const streams = { stdout: sink(process.stdout), stderr: sink(process.stderr), env: process.env, now: () => new Date() };

// `dyn-data ls | head -1` closes our output early; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  const known = unwritable('the output', error);
  if (known === undefined) throw error;
  outputOf(process.argv.slice(2), streams).error(known);
  process.exit(known.exitCode);
});
// What cannot be told is no reason to leave a restore half done.
process.stderr.on('error', () => undefined);

useProxyOf(process.env);

// A shell waits for it, and what asks for the address of a host, or reads a file, cannot be cancelled.
if (process.argv[2] === askedCommand) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 2_000).unref();

// Where everything stops without an end, which is a defect, that is no success.
process.exitCode = 1;
void runCommandLine({
  args: process.argv.slice(2),
  folder: process.cwd(),
  process: { pid: process.pid, host: hostname(), isAlive },
  nodeVersion: process.versions.node,
  ...streams,
  signal: interrupted.signal,
  confirm: createConfirmation(process.stdin, process.stderr),
  readHidden: createHiddenInput(process.stdin, (text) => process.stderr.write(text)),
}).then((exitCode) => {
  process.exitCode = exitCode;
});
