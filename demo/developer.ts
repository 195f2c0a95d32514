import { spawn } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join, relative } from 'node:path';
import { stringify } from 'yaml';
import { projectFolder } from '../scripts/project-paths.ts';

/** The worked example. */
export const stackFile = join(projectFolder, 'stack', 'docker-compose.yml');
const configFolder = join(projectFolder, 'stack', 'config');
/** The client as it ships. */
export const bundledClient = join(projectFolder, 'dist', 'dyn-data.mjs');

export type Environment = Readonly<Record<string, string | undefined>>;
export type Ran = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };
export type RunOptions = {
  /** Replaces single variables of the developer's environment; undefined removes one. */
  readonly env?: Environment;
  /** Kills the client with SIGKILL as soon as this is seen in what it prints. */
  readonly killWhen?: RegExp;
};

/** Somebody with a folder, a dyn-data.yaml in it and a stack of her own. */
export type Developer = {
  readonly folder: string;
  readonly stackProject: string;
  /** Of nginx on the loopback. */
  readonly url: string;
  /** What her shell has: images, DYNAMEASE_CONFIG_DIR, and a PATH on which `dyn-data` is found. */
  readonly env: Environment;
  /** Runs the bundled client and collects what it prints. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
};

export type DeveloperOptions = {
  /** Made if missing; gets dyn-data.yaml, a folder bin, and a file `environment` to source in a shell. */
  readonly folder: string;
  readonly registryUrl: string;
  readonly images: Readonly<Record<string, string>>;
  readonly stackProject: string;
  readonly nginxPort: number;
  /** Text of a compose file that goes on top of the example's. */
  readonly override?: string;
};

export async function createDeveloper(options: DeveloperOptions): Promise<Developer> {
  const { folder, stackProject, override } = options;
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  const files = [relative(folder, stackFile)];
  if (override !== undefined) {
    await writeFile(join(folder, 'override.yml'), override);
    files.push('override.yml');
  }
  const config = {
    version: 1,
    registry: options.registryUrl,
    repository: 'dynamease',
    stack: { files, project: stackProject, configDirs: ['DYNAMEASE_CONFIG_DIR'] },
  };
  await writeFile(join(folder, 'dyn-data.yaml'), stringify(config));
  await rm(join(bin, 'dyn-data'), { force: true });
  await symlink(bundledClient, join(bin, 'dyn-data'));
  const variables = {
    ...options.images,
    DYNAMEASE_CONFIG_DIR: configFolder,
    NGINX_PORT: String(options.nginxPort),
    // The client first, then the project's own Node, which it runs on.
    PATH: [bin, join(projectFolder, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'\n`);
  await writeFile(join(folder, 'environment'), lines.join(''));
  const env = { ...process.env, ...variables };
  return {
    folder,
    stackProject,
    url: `http://127.0.0.1:${options.nginxPort}`,
    env,
    run: (args, { env: changes = {}, killWhen } = {}) => runClient(folder, args, { ...env, ...changes }, killWhen),
  };
}

/** Runs the bundled client in a folder as a child process, as a shell would. */
export function runClient(folder: string, args: readonly string[], env: Environment, killWhen?: RegExp): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bundledClient, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const printed = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        printed[stream] += text;
        if (killWhen?.test(printed.stdout + printed.stderr)) child.kill('SIGKILL');
      });
    }
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, ...printed }));
  });
}
