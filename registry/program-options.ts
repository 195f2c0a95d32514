import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DynDataError, parseRegistryConfig, type RegistryConfig } from '../core/index.ts';
import { type Role, roles } from './job-system.ts';

const usage = `Usage: node registry/main.ts --config FILE [--role ${roles.join('|')}]`;

export type ProgramInput = {
  readonly commandLine: readonly string[];
  /** `DYN_DATA_CONFIG` and `DYN_DATA_ROLE` stand for the two options where they are left out. */
  readonly environment: Readonly<Record<string, string | undefined>>;
};

export type ProgramOptions = {
  /** Absolute path of the configuration. */
  readonly configFile: string;
  readonly role: Role;
  readonly config: RegistryConfig;
};

/** What the program was told, and its configuration. @throws DynDataError USAGE, CONFIG_NOT_FOUND, CONFIG_INVALID */
export async function readProgramOptions({ commandLine, environment }: ProgramInput): Promise<ProgramOptions> {
  const given = parse(commandLine);
  const file = given.config ?? environment.DYN_DATA_CONFIG;
  if (!file) throw new DynDataError('USAGE', `The configuration file is not named. ${usage}`);
  const wanted = given.role ?? environment.DYN_DATA_ROLE ?? 'all';
  const role = roles.find((known) => known === wanted);
  if (!role) throw new DynDataError('USAGE', `There is no such role. ${usage}`);
  const configFile = resolve(file);
  return { configFile, role, config: parseRegistryConfig(await readConfig(configFile), configFile) };
}

function parse(commandLine: readonly string[]): { config?: string | undefined; role?: string | undefined } {
  try {
    return parseArgs({ args: [...commandLine], options: { config: { type: 'string' }, role: { type: 'string' } } }).values;
  } catch (cause) {
    throw new DynDataError('USAGE', `The command line is not understood. ${usage}`, { cause });
  }
}

async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
    const message = `The configuration file ${file} cannot be read (${code}). Create it, or name the right file with --config.`;
    throw new DynDataError('CONFIG_NOT_FOUND', message, { cause });
  }
}
