import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DynDataError } from '../core/errors.ts';

export type ProcessOptions = {
  readonly cwd?: string;
  /** Added to the environment that the runner was made with. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input with back-pressure; without it standard input is empty. */
  readonly input?: string | AsyncIterable<Uint8Array>;
  /** Ends the process after this time; its exit code is then null. */
  readonly timeoutMs?: number;
  /** Ends the process too, beside the runner's own signal. */
  readonly signal?: AbortSignal;
  /** For cleaning up: the runner's signal does not end it. Give `timeoutMs` with it. */
  readonly despiteInterruption?: boolean;
  /** Receives each whole line of standard output as it appears. */
  readonly onLine?: (line: string) => void;
  /** The same for standard error. */
  readonly onErrorLine?: (line: string) => void;
};

export type ProcessResult = {
  /** 127 where the command is not installed, null where a signal or the time limit ended it. */
  readonly exitCode: number | null;
  /** The end of what was printed, at most {@link capturedLength} characters. */
  readonly stdout: string;
  readonly stderr: string;
};

/**
 * A running process that is written to and read from as it goes; `done` settles after it has ended. Writing to one that has ended does
 * nothing: `done` tells.
 */
type OpenProcess = {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly done: Promise<ProcessResult>;
  stop(): void;
};

/**
 * Child processes, always without a shell. Rejects with CANCELLED when the signal fires, after the child has ended; a failing input
 * ends the child and rejects with the input's own error. The exit code is for the caller to judge.
 */
export type Runner = {
  run(command: string, args: readonly string[], options?: ProcessOptions): Promise<ProcessResult>;
  open(command: string, args: readonly string[], options?: Pick<ProcessOptions, 'despiteInterruption'>): OpenProcess;
  /** The same, but this signal too ends everything that is started through it. */
  until(signal: AbortSignal): Runner;
};

export const capturedLength = 4_000_000;
const killAfterMs = 5_000;

/** @param base environment of every child, and the signal that ends them all. */
export function createRunner(base: { readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal }): Runner {
  const start = (command: string, args: readonly string[], options: ProcessOptions, hasInput: boolean) => {
    const signals = [options.signal, options.despiteInterruption ? undefined : base.signal];
    const signal = AbortSignal.any(signals.filter((one) => one !== undefined));
    if (signal.aborted) throw cancelled();
    // Loaded when a process is wanted: the commands that start none, such as --help, need not wait for it.
    const { spawn } = process.getBuiltinModule('node:child_process');
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...base.env, ...options.env },
      stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    const stop = (): void => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), killAfterMs).unref();
    };
    signal.addEventListener('abort', stop, { once: true });
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(stop, options.timeoutMs);
    const stderr = capture(child.stderr, options.onErrorLine);
    const ended = new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(127));
      child.once('close', resolve);
    }).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    });
    const finish = async (stdout: () => string): Promise<ProcessResult> => {
      const exitCode = await ended;
      if (signal.aborted) throw cancelled();
      return { exitCode, stdout: stdout(), stderr: stderr() };
    };
    return { child, stop, ended, finish };
  };

  return {
    async run(command, args, options = {}) {
      const { child, stop, ended, finish } = start(command, args, options, options.input !== undefined);
      const stdout = capture(child.stdout, options.onLine);
      let inputError: unknown;
      if (child.stdin && options.input !== undefined) {
        const { input } = options;
        const observed = async function* (): AsyncGenerator<string | Uint8Array> {
          try {
            if (typeof input === 'string') yield input;
            else yield* input;
          } catch (error) {
            inputError = error;
            throw error;
          }
        };
        // Where the child ends without reading all, its exit code says why; only a failure of the input itself counts here.
        const passed = pipeline(observed, child.stdin).catch(() => inputError !== undefined && stop());
        // An input that waits for something to send would never learn of it.
        await Promise.race([passed, ended]);
      }
      const result = await finish(stdout).catch((error: unknown) => {
        throw inputError ?? error;
      });
      if (inputError !== undefined) throw inputError;
      return result;
    },
    open(command, args, options = {}) {
      const { child, stop, finish } = start(command, args, options, true);
      const done = finish(() => '');
      // Who opened it awaits it; a cancellation before that is no unhandled rejection.
      done.catch(() => undefined);
      const { stdin, stdout, stderr } = child as ChildProcessWithoutNullStreams;
      stdin.on('error', () => undefined);
      return { stdin, stdout, stderr, done, stop };
    },
    until: (signal) => createRunner({ env: base.env, signal: AbortSignal.any([base.signal, signal]) }),
  };
}

/** The last lines a tool printed, for tools whose messages never quote data. */
export function lastLines(result: ProcessResult, count = 8): string[] {
  const lines = `${result.stdout}\n${result.stderr}`
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  return lines.slice(-count);
}

export function cancelled(): DynDataError {
  return new DynDataError('CANCELLED', 'Interrupted. Nothing that was under way counts as done; run the command again to go on.');
}

function capture(stream: Readable | null, onLine?: (line: string) => void): () => string {
  let text = '';
  let line = '';
  stream?.setEncoding('utf8').on('data', (piece: string) => {
    text = (text + piece).slice(-capturedLength);
    if (!onLine) return;
    const lines = (line + piece).split('\n');
    line = lines.pop() ?? '';
    for (const whole of lines) onLine(whole);
  });
  return () => text;
}
