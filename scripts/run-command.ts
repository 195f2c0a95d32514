import { spawn } from 'node:child_process';
import { DynDataError } from '../core/errors.ts';

export type CommandResult = {
  /** Null where a signal or the time limit ended the command. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type CommandOptions = {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
};

/** At most this much of each stream is kept, the latest: the set-up commands say why they failed at their end. */
const keptLength = 1_000_000;

/**
 * Runs a command without a shell and collects what it prints. Does not judge the exit status; a command that cannot be started
 * (not installed) gives exit code 127, as a shell would. Rejects with CANCELLED when `signal` fires.
 */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const signals = [options.signal, options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs)];
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: AbortSignal.any(signals.filter((signal) => signal !== undefined)),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-keptLength);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-keptLength);
    });
    let startFailed = false;
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'EACCES') {
        startFailed = true;
        resolve({ exitCode: 127, stdout, stderr: error.message });
      }
    });
    child.on('close', (exitCode) => {
      if (startFailed) return;
      if (options.signal?.aborted) reject(new DynDataError('CANCELLED', `Cancelled while running ${command}.`));
      else resolve({ exitCode, stdout, stderr });
    });
  });
}

/** As {@link runCommand}, but a status other than 0 is ENGINE_FAILED with `purpose` and the last lines the command printed. */
export async function runOrFail(purpose: string, command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(command, args, options);
  if (result.exitCode === 0) return result.stdout;
  const lastLines = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-12);
  throw new DynDataError(
    'ENGINE_FAILED',
    `${purpose} failed: \`${command} ${args.join(' ')}\` ended with ${result.exitCode ?? 'a signal'}.`,
    {
      details: lastLines,
    },
  );
}
