import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynDataError, type PostgresSourceConfig } from '../../core/index.ts';
import { inParallel } from '../in-parallel.ts';

/**
 * Newer versions of pg_dump put lines around their output that keep psql from running its own commands in it, with a random word. An older
 * psql does not know them, and the word would make the same schema differ each time: so the word is given, and the lines are taken out.
 * The client guards what it runs itself.
 */
const restrictKey = 'dyndata';
const guardLines = [`\\restrict ${restrictKey}\n`, `\\unrestrict ${restrictKey}\n`] as const;

/** A setting of version 17 in the head of what newer versions of pg_dump write, whatever the server; an older server does not know it. */
const newSettingLine = 'SET transaction_timeout = 0;\n';

export type Environment = Readonly<Record<string, string | undefined>>;

/** How libpq programs are told the connection: by environment, never by arguments that other users could see. */
export function pgVariables(config: PostgresSourceConfig, password: string): Environment {
  return {
    PGHOST: config.host,
    PGPORT: String(config.port),
    PGUSER: config.user,
    PGDATABASE: config.database,
    PGPASSWORD: password,
    PGCONNECT_TIMEOUT: '10',
    // Default values of type money are written as the locale has them.
    PGOPTIONS: '-c lc_monetary=C',
  };
}

/** What is left out: comments, and views. */
export type Without = { readonly comments: boolean; readonly views: readonly QualifiedName[] };
export type QualifiedName = { readonly schema: string; readonly name: string };

/** Where it ends without the server having refused anything, its connection may be what failed; the snapshot is there as before. */
const againAfterMs = [500, 2_000];

export type PgDump = {
  /** The definitions of one section as the exported snapshot sees them. */
  section(section: 'pre-data' | 'post-data', snapshot: string, without: Without, signal: AbortSignal): Promise<string>;
};

/**
 * The configured pg_dump, found out to run and to be new enough before anything starts.
 * @throws DynDataError SOURCE_UNSUPPORTED where it does not run or is older than the server.
 */
export async function preparePgDump(
  name: string,
  config: PostgresSourceConfig,
  environment: Environment,
  serverMajor: number,
  signal: AbortSignal,
): Promise<PgDump> {
  const run = (args: readonly string[], runSignal: AbortSignal) => runPgDump(config, environment, args, runSignal);
  const asked = await inParallel(['--version', '--help'], 2, (option) => run([option], signal), signal);
  const [version, help] = asked as [Run, Run];
  const major = Number(/(\d+)(?:\.|beta|rc|devel| |$)/.exec(version.output)?.[1]);
  if (version.status !== 0 || Number.isNaN(major)) {
    throw new DynDataError(
      'SOURCE_UNSUPPORTED',
      `The PostgreSQL source "${name}" needs pg_dump, and "${config.pgDump.join(' ')}" does not run. Install the PostgreSQL ${serverMajor} client programs where the builder runs, or give the command in "pgDump".`,
    );
  }
  if (major < serverMajor) {
    throw new DynDataError(
      'SOURCE_UNSUPPORTED',
      `The PostgreSQL source "${name}" is version ${serverMajor}, but "${config.pgDump.join(' ')}" is version ${major}, which cannot read it. Install the PostgreSQL ${serverMajor} client programs, or give their command in "pgDump".`,
    );
  }
  const guarded = help.output.includes('--restrict-key');
  return {
    async section(section, snapshot, without, sectionSignal) {
      const args = [
        `--section=${section}`,
        `--snapshot=${snapshot}`,
        '--no-owner',
        '--no-privileges',
        '--no-publications',
        '--no-subscriptions',
        '--no-security-labels',
        '--no-tablespaces',
        // They are rows, and a policy decides them as such.
        '--no-blobs',
        '--encoding=UTF8',
        ...(without.comments ? ['--no-comments'] : []),
        ...without.views.map((view) => `--exclude-table=${exactPattern(view)}`),
      ];
      const dump = (): Promise<Run> => run(guarded ? [...args, `--restrict-key=${restrictKey}`] : args, sectionSignal);
      let { status, output, sqlState } = await dump();
      for (const pauseMs of againAfterMs) {
        if (status === 0 || sqlState !== '') break;
        await sleep(pauseMs, undefined, { signal: sectionSignal });
        ({ status, output, sqlState } = await dump());
      }
      if (status === 0) return withoutHead(output, serverMajor);
      throw new DynDataError(
        'SOURCE_FAILED',
        `pg_dump of the PostgreSQL source "${name}" ended with status ${status}${sqlState ? ` (${sqlState})` : ''}. Check that its user may read all schemas (pg_read_all_data) and that pg_dump reaches the server at ${config.host}:${config.port}.`,
      );
    },
  };
}

/** pg_dump takes patterns; names in quotes stand for themselves. */
function exactPattern({ schema, name }: QualifiedName): string {
  return [schema, name].map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
}

/** Only the first and the last of these lines are pg_dump's own; the same words can stand in the definitions too. */
function withoutHead(output: string, serverMajor: number): string {
  const [first, last] = guardLines;
  const lines = serverMajor < 17 ? [first, newSettingLine] : [first];
  const headless = lines.reduce((text, line) => (isLineAt(text, line, text.indexOf(line)) ? text.replace(line, '') : text), output);
  const end = headless.lastIndexOf(last);
  return isLineAt(headless, last, end) ? headless.slice(0, end) + headless.slice(end + last.length) : headless;
}

function isLineAt(text: string, line: string, at: number): boolean {
  return at >= 0 && (at === 0 || text[at - 1] === '\n') && text.startsWith(line, at);
}

type Run = { readonly status: number; readonly output: string; readonly sqlState: string };

/** The password goes through the environment only; what pg_dump says on its error output can quote names and is kept back. */
function runPgDump(config: PostgresSourceConfig, environment: Environment, args: readonly string[], signal: AbortSignal): Promise<Run> {
  const [command = 'pg_dump', ...prefix] = config.pgDump;
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...prefix, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      env: environment,
    });
    const output: Buffer[] = [];
    let errors = '';
    child.stdout.on('data', (piece: Buffer) => output.push(piece));
    child.stderr.on('data', (piece: Buffer) => {
      errors = (errors + piece.toString('utf8')).slice(-4096);
    });
    child.on('error', (error) => {
      if (signal.aborted) reject(error);
      else resolve({ status: 127, output: '', sqlState: '' });
    });
    child.on('close', (status) =>
      resolve({
        status: status ?? 1,
        output: Buffer.concat(output).toString('utf8'),
        sqlState: /SQLSTATE (\w{5})/.exec(errors)?.[1] ?? '',
      }),
    );
  });
}
