import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { type ClientConfig, clientConfigFile, parseClientConfig } from '../core/client-config.ts';
import { DynDataError } from '../core/errors.ts';
import type { Context } from './context.ts';
import { writeNew, writeWhole, writingAt } from './writing.ts';

/** A project: its `dyn-data.yaml`, and the folder where that file lies. */
export type Project = {
  readonly config: ClientConfig;
  /** Absolute; the compose files are relative to it. */
  readonly folder: string;
  readonly configPath: string;
  /** Inside `.dyn-data` beside the configuration, one for each project name; exists only after {@link makeStateFolder}. */
  readonly stateFolder: string;
  /** Chosen for this machine or this call, over the name that the configuration or the compose file gives; compose reads it itself. */
  readonly ownName: string | undefined;
  /** `host:port` as Docker writes a registry. */
  readonly registryHost: string;
};

const projectNamePattern = /^[a-z0-9][a-z0-9_-]*$/;

/**
 * Reads the file given with --config, or the nearest dyn-data.yaml from the current folder upwards.
 * @throws DynDataError CONFIG_NOT_FOUND, CONFIG_INVALID, STACK_INVALID
 */
export async function openProject(context: Pick<Context, 'folder' | 'configFile' | 'env'>): Promise<Project> {
  const found = context.configFile === undefined ? await findUpwards(context.folder) : await readGiven(context.folder, context.configFile);
  const config = parseClientConfig(found.text, found.path);
  const folder = dirname(found.path);
  const registryHost = new URL(config.registry).host;
  const ownName = await findOwnName({ config, folder }, context.env);
  const stateFolder = join(folder, '.dyn-data', ...(ownName === undefined ? [] : ['projects', ownName]));
  return { config, folder, configPath: found.path, stateFolder, ownName, registryHost };
}

/** COMPOSE_PROJECT_NAME, as compose itself finds it, where it says another name than the configuration. */
async function findOwnName(project: Pick<Project, 'config' | 'folder'>, env: Context['env']): Promise<string | undefined> {
  const name = env.COMPOSE_PROJECT_NAME || (await readStackVariables(project)).COMPOSE_PROJECT_NAME || undefined;
  if (name === undefined || name === project.config.stack.project) return undefined;
  if (projectNamePattern.test(name)) return name;
  throw new DynDataError(
    'STACK_INVALID',
    `"${name}" is no name for a project. Give --project-name, or COMPOSE_PROJECT_NAME, lower-case letters, digits, - and _, beginning with a letter or digit.`,
  );
}

/** Makes `.dyn-data`, which keeps itself out of Git. @throws DynDataError DISK_FULL, ACCESS_DENIED */
export async function makeStateFolder(project: Project): Promise<void> {
  await writingAt(project.stateFolder, () => mkdir(project.stateFolder, { recursive: true }));
  await writeNew(join(project.folder, '.dyn-data', '.gitignore'), '*\n').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Writes a file of the state folder, whole or not at all. @throws DynDataError DISK_FULL, ACCESS_DENIED */
export async function writeState(project: Project, name: string, content: string | Uint8Array): Promise<void> {
  await makeStateFolder(project);
  await writeWhole(join(project.stateFolder, name), content);
}

/**
 * Every variable of `stack.configDirs` must name an existing folder, in the environment or in the `.env` file that compose itself reads.
 * @throws DynDataError CONFIG_DIR_UNSET naming all that are wrong.
 */
export async function requireConfigDirs(project: Project, env: Context['env']): Promise<void> {
  const stackFolder = stackFolderOf(project);
  const fileVariables = await readStackVariables(project);
  const details: string[] = [];
  for (const name of project.config.stack.configDirs) {
    const value = env[name] ?? fileVariables[name];
    if (value === undefined || value === '') {
      details.push(`${name} is not set`);
      continue;
    }
    const isFolder = await stat(resolve(stackFolder, value)).then(
      (info) => info.isDirectory(),
      () => false,
    );
    if (!isFolder) details.push(`${name} names ${value}, which is not a folder here`);
  }
  if (details.length === 0) return;
  const first = project.config.stack.configDirs[0];
  throw new DynDataError(
    'CONFIG_DIR_UNSET',
    `The stack needs a folder with the configuration of this machine, named by an environment variable. Nothing was started. Set it and try again: export ${first}=/path/to/configuration`,
    { details },
  );
}

/** Where compose looks for `.env`, and what paths in the files are relative to. */
const stackFolderOf = ({ folder, config }: Pick<Project, 'config' | 'folder'>): string =>
  dirname(resolve(folder, config.stack.files[0] ?? '.'));

/** Of the `.env` file that compose itself reads. */
async function readStackVariables(project: Pick<Project, 'config' | 'folder'>): Promise<Record<string, string | undefined>> {
  return parseEnv((await readIfThere(join(stackFolderOf(project), '.env'))) ?? '');
}

/** Text of a file, undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new DynDataError('CONFIG_NOT_FOUND', `${path} cannot be read (${code}). Make it readable and try again.`, { cause: error });
  }
}

async function findUpwards(from: string): Promise<{ path: string; text: string }> {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, clientConfigFile);
    const text = await readIfThere(path);
    if (text !== undefined) return { path, text };
    if (dirname(folder) === folder) break;
  }
  throw new DynDataError(
    'CONFIG_NOT_FOUND',
    `There is no ${clientConfigFile} in ${from} or any folder above it. Go to your project's folder, name the file with --config, or write one:`,
    {
      details: ['version: 1', 'registry: http://127.0.0.1:5000', 'repository: my-data', 'stack:', '  files: [docker-compose.yml]'],
    },
  );
}

async function readGiven(folder: string, file: string): Promise<{ path: string; text: string }> {
  const path = resolve(folder, file);
  const text = await readIfThere(path);
  if (text !== undefined) return { path, text };
  throw new DynDataError('CONFIG_NOT_FOUND', `${path} does not exist. Give --config the path of a ${clientConfigFile}.`);
}
