import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { DynDataError, toDynDataError } from '../core/errors.ts';
import { isTag } from '../core/references.ts';
import { toolVersion } from '../core/version.ts';
import { down } from './commands/down.ts';
import { ls } from './commands/ls.ts';
import { pull } from './commands/pull.ts';
import { snapshotCreate } from './commands/snapshot-create.ts';
import { status } from './commands/status.ts';
import { up } from './commands/up.ts';
import { version } from './commands/version.ts';
import type { Context } from './context.ts';
import { createOutput, type TextSink } from './output.ts';
import { createRunner } from './process.ts';
import { requireRuntime } from './runtime.ts';

/** Everything of the outside world that the client touches. */
export type CommandLineOptions = Pick<Context, 'env' | 'folder' | 'signal' | 'process' | 'now'> & {
  /** Without the interpreter and the file. */
  readonly args: readonly string[];
  readonly nodeVersion: string;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
};

const defaultHealthTimeoutSeconds = 180;
const helpWidth = 100;

/** Runs one command and returns the process's exit code (the table in core/errors.ts). Never throws. */
export async function runCommandLine(options: CommandLineOptions): Promise<number> {
  const { args, env, stdout, stderr } = options;
  // Asked for before the parser runs, because its errors are printed in the form that was asked for.
  const json = args.includes('--json');
  const output = createOutput({ stdout, stderr, json, color: (env.NO_COLOR ?? '') === '' });
  try {
    requireRuntime(options.nodeVersion);
    await createProgram(options, output).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const known = errorOf(error, options.signal);
    output.error(known);
    return known.exitCode;
  }
}

function createProgram(options: CommandLineOptions, output: Context['output']): Command {
  const { env, folder, signal, stdout } = options;
  const program = new Command('dyn-data')
    .description("Anonymized, versioned copies of a running system's data, in two commands: dyn-data pull TAG && dyn-data up")
    .version(`dyn-data ${toolVersion}`, '-V, --version', 'print the version')
    .option('--json', 'print one JSON document instead of text')
    .option('--config <file>', 'use this dyn-data.yaml instead of the nearest one upwards')
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(stdout.columns || helpWidth, helpWidth),
    });
  const context = (): Context => ({
    env,
    folder,
    signal,
    output,
    now: options.now,
    process: options.process,
    processes: createRunner({ env, signal }),
    configFile: program.opts<{ config?: string }>().config,
  });

  program
    .command('ls')
    .description('list the snapshots of the repository, the newest first')
    .action(() => ls(context()));
  program
    .command('pull')
    .description('fetch a snapshot, by tag or digest, and choose it for up')
    .argument('<ref>', 'TAG, REPOSITORY:TAG, sha256:… or REPOSITORY@sha256:…')
    .action((reference: string) => pull(context(), reference));
  program
    .command('up')
    .description('start the stack in order and restore the snapshot into it')
    .argument('[ref]', 'snapshot to take; else dyn-data.lock, else the last pull, else `snapshot` in dyn-data.yaml')
    .option('--replace', 'restore from scratch, whatever the services hold', false)
    .option('--timeout <seconds>', 'how long a service may take to become healthy', parseSeconds, defaultHealthTimeoutSeconds)
    .action((reference: string | undefined, { replace, timeout }: { replace: boolean; timeout: number }) =>
      up(context(), { reference, replace, healthTimeoutMs: timeout * 1000 }),
    );
  program
    .command('status')
    .description('show each service, its state and the snapshot it holds')
    .action(() => status(context()));
  program
    .command('down')
    .description('end the stack')
    .option('-v, --volumes', 'remove its volumes and the data in them too', false)
    .action(({ volumes }: { volumes: boolean }) => down(context(), { volumes }));
  program
    .command('snapshot')
    .description('for operators: take snapshots')
    .command('create')
    .description('take a snapshot of an environment')
    .argument('<environment>', "name of the environment in the registry's configuration")
    .option('--tag <tag>', 'name for the new snapshot', parseTag)
    .option('--follow', 'show the progress and wait for the end', false)
    .action((environment: string, { tag, follow }: { tag?: string; follow: boolean }) =>
      snapshotCreate(context(), { environment, tag, follow }),
    );
  program
    .command('version')
    .description('print the version')
    .action(() => version(context(), options.nodeVersion));
  return program;
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new InvalidArgumentError('A number of seconds above 0 is expected.');
}

function parseTag(text: string): string {
  if (isTag(text)) return text;
  throw new InvalidArgumentError('A tag has letters, digits, ., _ and -, at most 128.');
}

/** Frames tell where a defect is and hold no data. */
const shownFrames = 6;

function errorOf(error: unknown, signal: AbortSignal): DynDataError {
  if (error instanceof CommanderError) {
    const message = error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return new DynDataError(
      'USAGE',
      `${message.replace(/[.]$/, '')}. Run \`dyn-data --help\` to see the commands, or \`dyn-data COMMAND --help\`.`,
    );
  }
  if (signal.aborted && !(error instanceof DynDataError)) {
    return new DynDataError('CANCELLED', 'Interrupted. Nothing that was under way counts as done; run the command again to go on.');
  }
  const known = toDynDataError(error);
  if (known.code !== 'INTERNAL' || !(error instanceof Error)) return known;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return new DynDataError(known.code, known.message, { details: [error.name, ...frames.slice(0, shownFrames).map((line) => line.trim())] });
}
