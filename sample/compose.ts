import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DynDataError } from '../core/errors.ts';
import { type Environment, samplePasswords } from './connections.ts';

/** One Compose project of docker-compose.dev.yml. */
export interface SampleCompose {
  /**
   * Runs `docker compose …` to its end and gives what it printed.
   *
   * @param input bytes for the command's standard input, read no faster than the command takes them
   * @throws ENGINE_FAILED with the last lines it printed, unless it had input: then it could quote data
   */
  run(args: readonly string[], input?: Iterable<Uint8Array>): Promise<string>;
  /** Like `run` for plain `docker`. */
  docker(args: readonly string[]): Promise<string>;
}

export interface SampleComposeOptions {
  readonly project: string;
  /** The whole environment of the child processes; also image variables and ports. */
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
}

const composeFile = resolve(import.meta.dirname, '../docker-compose.dev.yml');

/** How much of what a command prints on standard error is kept for the message of its failure. */
const keptErrorLength = 4_000;

const missingDocker = (cause: unknown): DynDataError =>
  new DynDataError('ENGINE_UNAVAILABLE', 'The command `docker` was not found. Install Docker Engine and Compose v2, then try again.', {
    cause,
  });

export const createSampleCompose = (options: SampleComposeOptions): SampleCompose => {
  const env = { ...options.env, ...samplePasswords(options.env) };

  const docker = async (args: readonly string[], input?: Iterable<Uint8Array>): Promise<string> => {
    options.signal?.throwIfAborted();
    const child = spawn('docker', args, { env, stdio: ['pipe', 'pipe', 'pipe'], signal: options.signal, killSignal: 'SIGTERM' });
    const ended = new Promise<number | null>((fulfil, reject) => {
      child.on('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? missingDocker(error) : error));
      child.on('close', fulfil);
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-keptErrorLength);
    });
    // A command that ends early closes its input; its exit status says more than the broken pipe does.
    const fed = pipeline(Readable.from(input ?? []), child.stdin).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    });
    const [exitCode] = await Promise.all([ended, fed]);
    if (exitCode === 0) return output;
    const details = input === undefined ? errors.trim().split('\n').slice(-8) : [];
    const purpose = args[0] === 'compose' ? args.slice(5, 8).join(' ') : args.slice(0, 2).join(' ');
    throw new DynDataError(
      'ENGINE_FAILED',
      `Docker could not do "${purpose}" for the sample system (exit code ${exitCode ?? 'none'}). Look at its logs with \`docker compose -p ${options.project} logs\`, then try again.`,
      { details },
    );
  };

  return {
    run: (args, input) => docker(['compose', '-f', composeFile, '-p', options.project, ...args], input),
    docker: (args) => docker(args),
  };
};
