import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { bundledClient, clientBundle } from './client-bundle.ts';
import { runOnTerminal } from './run-on-terminal.ts';

export type ClientRun = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };
export type RunningClient = { readonly child: ChildProcess; readonly ended: Promise<ClientRun> };

/** A folder with a dyn-data.yaml and a compose file, where the client is run. */
export type ClientProject = AsyncDisposable & {
  readonly folder: string;
  /** The client's own file. */
  bundle(): Promise<string>;
  /** As its users start it: a process of the bundle. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>, input?: string): Promise<RunningClient>;
  /** @param input for standard input; without it that is empty */
  run(args: readonly string[], env?: Readonly<Record<string, string>>, input?: string): Promise<ClientRun>;
  /** What it prints with `--json`, where it succeeds and complains of nothing. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  runJson(args: readonly string[]): Promise<any>;
  docker(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<ClientRun>;
};

export async function createClientProject(options: {
  /** Path of a bundle, which then runs for every command. Without it those of `run` run in this process, in a pipe, which takes a tenth of the time. */
  readonly client?: string;
  readonly registry: string;
  readonly repository?: string;
  readonly project?: string;
  readonly composeFile?: string;
  readonly configDirs?: readonly string[];
  readonly snapshot?: string;
  readonly env?: Readonly<Record<string, string>>;
}): Promise<ClientProject> {
  const folder = await mkdtemp(join(tmpdir(), 'dyn-data-client-'));
  await mkdir(join(folder, 'deep', 'down'), { recursive: true });
  const config = {
    version: 1,
    registry: options.registry,
    repository: options.repository ?? 'shop',
    stack: { files: ['docker-compose.yml'], project: options.project ?? 'dyn-data-test-client', configDirs: options.configDirs ?? [] },
    ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
  };
  // JSON is YAML.
  await writeFile(join(folder, 'dyn-data.yaml'), JSON.stringify(config, undefined, 2));
  await writeFile(join(folder, 'docker-compose.yml'), options.composeFile ?? 'services: {}\n');
  const start = (command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, input = ''): RunningClient => {
    const child = spawn(command, args, { cwd: folder, env: { ...process.env, ...options.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    // A command that does not read it may have ended already.
    child.stdin.on('error', () => undefined).end(input);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = new Promise<ClientRun>((resolve, reject) => {
      child.on('error', reject);
      // Not `close`: what a killed client started may hold the pipes a moment longer.
      child.on('exit', (exitCode) => setTimeout(() => resolve({ exitCode, stdout, stderr }), 50));
    });
    return { child, ended };
  };
  const { client } = options;
  const bundle = async (): Promise<string> => {
    if (client !== undefined) return client;
    await bundledClient();
    return clientBundle;
  };
  const startClient: ClientProject['start'] = async (args, env, input) => start(process.execPath, [await bundle(), ...args], env, input);
  const run: ClientProject['run'] = (args, env, input) =>
    client === undefined
      ? runOnTerminal(args, {
          folder,
          columns: undefined,
          env: { ...process.env, ...options.env, ...env } as Record<string, string>,
          typed: (input ?? '').trim(),
          // Of the processes of `start` too.
          host: hostname(),
        })
      : startClient(args, env, input).then(({ ended }) => ended);
  return {
    folder,
    bundle,
    start: startClient,
    run,
    async runJson(args) {
      const { exitCode, stdout, stderr } = await run([...args, '--json']);
      expect([exitCode, stderr]).toEqual([0, '']);
      return JSON.parse(stdout);
    },
    docker: (args, env) => start('docker', args, env).ended,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
