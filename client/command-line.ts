import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { DynDataError, toDynDataError } from '../core/errors.ts';
import { isTag } from '../core/names.ts';
import { largestPreview } from '../core/policy-preview.ts';
import { toolVersion } from '../core/version.ts';
import { addAccessCommands } from './access-commands.ts';
import type { UpOptions } from './commands/up.ts';
import type { LogsOptions } from './compose.ts';
import type { Context } from './context.ts';
import { addJobsCommands, addScheduleCommands } from './operator-commands.ts';
import { createOutput, type TextSink } from './output.ts';
import { createRunner } from './process.ts';
import { addRestoreCommand } from './restore-commands.ts';
import { addRetentionCommands } from './retention-commands.ts';
import { requireRuntime } from './runtime.ts';
import { addSetupCommands } from './setup-commands.ts';

/** Everything of the outside world that the client touches. */
export type CommandLineOptions = Pick<Context, 'env' | 'folder' | 'signal' | 'process' | 'now' | 'readHidden' | 'confirm'> & {
  /** Without the interpreter and the file. */
  readonly args: readonly string[];
  readonly nodeVersion: string;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
};

const defaultHealthTimeoutSeconds = 180;
const helpWidth = 100;
const refHelp = 'TAG, REPOSITORY:TAG, sha256:… or REPOSITORY@sha256:…';

/** Runs one command and returns the process's exit code (the table in core/errors.ts). Never throws. */
export async function runCommandLine(options: CommandLineOptions): Promise<number> {
  const { args } = options;
  const output = outputOf(args, options);
  try {
    requireRuntime(options.nodeVersion);
    let exitCode = 0;
    const program = createProgram(options, output, (code) => {
      exitCode = code;
    });
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const known = errorOf(error, options.signal);
    output.error(known);
    return known.exitCode;
  }
}

/** Known before the parser runs, because its errors are printed in the form that was asked for. */
export function outputOf(
  args: readonly string[],
  { stdout, stderr, env, now }: Pick<CommandLineOptions, 'stdout' | 'stderr' | 'env' | 'now'>,
): Context['output'] {
  const events = args.includes('--events');
  const json = events || args.includes('--json');
  return createOutput({ stdout, stderr, json, events, color: (env.NO_COLOR ?? '') === '', now });
}

/** @param setExitCode for a command whose answer, not whose failure, is an exit code other than 0 */
function createProgram(options: CommandLineOptions, output: Context['output'], setExitCode: (code: number) => void): Command {
  const { folder, signal, stdout } = options;
  const program = new Command('dyn-data')
    .description("Anonymized, versioned copies of a running system's data, in two commands: dyn-data pull TAG && dyn-data up")
    .version(`dyn-data ${toolVersion}`, '-V, --version', 'print the version')
    .option('--json', 'print one JSON document instead of text')
    .option('--events', 'as --json, and meanwhile what happens, a JSON document a line on standard error')
    .option('--config <file>', 'use this dyn-data.yaml instead of the nearest one upwards')
    .option('-p, --project-name <name>', 'run the stack under this name, with its own data; else COMPOSE_PROJECT_NAME, else dyn-data.yaml')
    .exitOverride()
    .showSuggestionAfterError()
    // Of the descriptions: below that commander wraps nothing, and a narrow terminal breaks words.
    .configureHelp({ minWidthToWrap: 20 })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(stdout.columns || helpWidth, helpWidth),
    });
  const context = (): Context => {
    const { config, projectName } = program.opts<{ config?: string; projectName?: string }>();
    const env = projectName === undefined ? options.env : { ...options.env, COMPOSE_PROJECT_NAME: projectName };
    return {
      env,
      folder,
      signal,
      output,
      now: options.now,
      readHidden: options.readHidden,
      confirm: options.confirm,
      process: options.process,
      // Compose puts variables of its environment into stacks; none may get at the secrets that way.
      processes: createRunner({ env: { ...env, DYN_DATA_TOKEN: undefined, DYN_DATA_TARGET_PASSWORD: undefined }, signal }),
      configFile: config,
    };
  };

  program
    .command('ls')
    .description('list the snapshots of the repository, the newest first')
    .action(async () => (await import('./commands/ls.ts')).ls(context()));
  program
    .command('show')
    .description('show everything of a snapshot: sources, tables, policy, leak scan, how it was taken')
    .argument('<ref>', refHelp)
    .action(async (reference: string) => (await import('./commands/show.ts')).show(context(), reference));
  program
    .command('diff')
    .description('show what changed from one snapshot to another: schemas, rows, chunks, policy and key')
    .argument('<a>', refHelp)
    .argument('<b>', refHelp)
    .action(async (first: string, second: string) => (await import('./commands/diff.ts')).diff(context(), first, second));
  program
    .command('pull')
    .description('fetch a snapshot, by tag or digest, and choose it for up')
    .argument('[ref]', `${refHelp}; else what dyn-data.lock pins, else the last pull's name anew, else \`snapshot\` in dyn-data.yaml`)
    .action(async (reference: string | undefined) => (await import('./commands/pull.ts')).pull(context(), reference));
  program
    .command('pin')
    .description('write dyn-data.lock, to be committed: the data and the digest of every image of the stack')
    .argument('[ref]', 'snapshot to pin; else the one that up would take')
    .action(async (reference: string | undefined) => (await import('./commands/pin.ts')).pin(context(), reference));
  program
    .command('up')
    .description('start the stack in order and restore the snapshot into it')
    .argument('[ref]', 'snapshot to take; else dyn-data.lock, else the last pull, else `snapshot` in dyn-data.yaml')
    .option('--empty', 'restore structure, reference rows and base entries alone', false)
    .option('--replace', 'restore from scratch, whatever the services hold', false)
    .option('--locked', 'refuse whatever is not as dyn-data.lock says', false)
    .option('--timeout <seconds>', 'how long a service may take to become healthy', parseSeconds, defaultHealthTimeoutSeconds)
    .option('--dry-run', 'show what would be pulled, started and restored, and do nothing', false)
    .action(
      async (
        reference: string | undefined,
        { timeout, ...options }: Omit<UpOptions, 'reference' | 'healthTimeoutMs'> & { timeout: number },
      ) => (await import('./commands/up.ts')).up(context(), { reference, ...options, healthTimeoutMs: timeout * 1000 }),
    );
  program
    .command('status')
    .description('show each service, its state and the snapshot it holds')
    .action(async () => (await import('./commands/status.ts')).status(context()));
  program
    .command('reset')
    .description('restore the services again from the snapshot they hold; what was changed since is lost, so it asks')
    .option('--service <service>', 'only this one')
    .option('-y, --yes', 'do not ask', false)
    .option('--timeout <seconds>', 'how long a service may take to become healthy', parseSeconds, defaultHealthTimeoutSeconds)
    .action(async ({ service, yes, timeout }: { service?: string; yes: boolean; timeout: number }) =>
      (await import('./commands/reset.ts')).reset(context(), { service, yes, healthTimeoutMs: timeout * 1000 }),
    );
  program
    .command('verify')
    .description('hash every chunk of the pulled image against its manifest')
    .argument('[ref]', 'snapshot to verify; else the one that up would take')
    .option('--restored', 'count the rows that the services hold as well', false)
    .action(async (reference: string | undefined, { restored }: { restored: boolean }) =>
      (await import('./commands/verify.ts')).verify(context(), { reference, restored }),
    );
  program
    .command('logs')
    .description('show what the services print; with --json one document a line')
    .argument('[service...]', 'only these')
    .option('-f, --follow', 'go on as they print, until Ctrl-C', false)
    .option('-n, --tail <lines>', 'only the last lines of each', parseLines)
    .option('--since <time>', 'only from this time on: 2024-05-31T12:00:00Z, or 10m for the last ten minutes')
    .option('-t, --timestamps', 'show when each line was printed', false)
    .action(async (services: string[], options: Omit<LogsOptions, 'services'>) =>
      (await import('./commands/logs.ts')).logs(context(), { services, ...options }),
    );
  program
    .command('down')
    .description('end the stack')
    .option('-v, --volumes', 'remove its volumes and the data in them too', false)
    .action(async ({ volumes }: { volumes: boolean }) => (await import('./commands/down.ts')).down(context(), { volumes }));
  const snapshot = program.command('snapshot').description('for operators: take, look at, pin and remove snapshots');
  snapshot
    .command('create')
    .description('take a snapshot of an environment')
    .argument('<environment>', "name of the environment in the registry's configuration")
    .option('--tag <tag>', 'name for the new snapshot', parseTag)
    .option('--alias <tag>', 'a second tag, which only moves to newer snapshots', parseTag)
    .option('--follow', 'show the progress and wait for the end', false)
    .action(async (environment: string, { tag, alias, follow }: { tag?: string; alias?: string; follow: boolean }) =>
      (await import('./commands/snapshot-create.ts')).snapshotCreate(context(), { environment, tag, alias, follow }),
    );
  addRestoreCommand(program, context, { refHelp, parseSeconds, healthTimeoutSeconds: defaultHealthTimeoutSeconds });
  addJobsCommands(program, context);
  addScheduleCommands(program, context);
  addRetentionCommands(program, snapshot, context);
  const policy = program.command('policy').description('for operators: write and check the policy that decides what happens to each value');
  policy
    .command('suggest')
    .description('write a commented starting policy out of the live schema and a sample')
    .argument('<environment>', "name of the environment in the registry's configuration")
    .option('--out <file>', 'write it into this file, which must not exist yet')
    .action(async (environment: string, { out }: { out?: string }) =>
      (await import('./commands/policy-suggest.ts')).policySuggest(context(), { environment, out }),
    );
  policy
    .command('check')
    .description('show the rule in force for each place, what is undecided and what changed; exit code 4 where a build would refuse it')
    .argument('<environment>', "name of the environment in the registry's configuration")
    .option('--preview <rows>', 'show REAL rows beside their replacements, on a terminal of the registry machine only', parsePreviewRows)
    .option('--yes-print-real-data', 'with --preview: print real data also where standard output is no terminal', false)
    .action(async (environment: string, { preview, yesPrintRealData }: { preview?: number; yesPrintRealData: boolean }) =>
      setExitCode(
        await (await import('./commands/policy-check.ts')).policyCheck(context(), {
          environment,
          preview,
          isPrintingForced: yesPrintRealData,
          terminal: stdout,
        }),
      ),
    );
  policy
    .command('diff')
    .description('show which rules one policy adds, removes and changes against another')
    .argument('<before>', 'a policy file, an environment for its current policy, or a snapshot for the one it was made by')
    .argument('<after>', 'likewise')
    .action(async (before: string, after: string) => (await import('./commands/policy-diff.ts')).policyDiff(context(), { before, after }));
  addAccessCommands(program, context);
  addSetupCommands(program, context, { nodeVersion: options.nodeVersion, setExitCode, write: (text) => stdout.write(text) });
  program
    .command('version')
    .description('print the version')
    .action(async () => (await import('./commands/version.ts')).version(context(), options.nodeVersion));
  return program;
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new InvalidArgumentError('A number of seconds above 0 is expected.');
}

function parseLines(text: string): number {
  const lines = Number(text);
  if (Number.isInteger(lines) && lines >= 0) return lines;
  throw new InvalidArgumentError('A whole number of lines is expected.');
}

function parsePreviewRows(text: string): number {
  const rows = Number(text);
  if (Number.isInteger(rows) && rows >= 1 && rows <= largestPreview) return rows;
  throw new InvalidArgumentError(`A number of rows from 1 to ${largestPreview} is expected.`);
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
