import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { parseValue } from '../core/documents.ts';
import { DynDataError } from '../core/errors.ts';
import type { Context } from './context.ts';
import { readIfThere } from './project.ts';
import { writingAt } from './writing.ts';

const schema = z.strictObject({ version: z.literal(1), registries: z.record(z.string(), z.strictObject({ token: z.string() })) });
type Credentials = z.infer<typeof schema>;

/** `credentials.json` of this user, readable by nobody else. */
export function credentialsFile(env: Context['env']): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'dyn-data', 'credentials.json');
}

/**
 * The token for a registry: of `DYN_DATA_TOKEN` where `DYN_DATA_REGISTRY` names this registry, else what `dyn-data login` has stored. Never
 * one for another registry, because a project's file may name any.
 * @throws DynDataError USAGE, CONFIG_INVALID where others may read the file, or it is none of ours.
 */
export async function readToken(env: Context['env'], registry: string): Promise<string | undefined> {
  if (env.DYN_DATA_TOKEN) {
    if (!env.DYN_DATA_REGISTRY) {
      const message = `DYN_DATA_TOKEN is set, but not DYN_DATA_REGISTRY, the registry that it is for: a token is never sent to another. Set it too, for example DYN_DATA_REGISTRY=${registry}`;
      throw new DynDataError('USAGE', message);
    }
    if (originOf(env.DYN_DATA_REGISTRY) === originOf(registry)) return env.DYN_DATA_TOKEN;
  }
  return (await readCredentials(env)).registries[originOf(registry)]?.token;
}

export async function saveToken(env: Context['env'], registry: string, token: string): Promise<void> {
  const { registries } = await readCredentials(env);
  await writeCredentials(env, { version: 1, registries: { ...registries, [originOf(registry)]: { token } } });
}

/** @returns whether there was one */
export async function removeToken(env: Context['env'], registry: string): Promise<boolean> {
  const { registries } = await readCredentials(env);
  const { [originOf(registry)]: removed, ...others } = registries;
  if (removed) await writeCredentials(env, { version: 1, registries: others });
  return removed !== undefined;
}

/** @throws DynDataError USAGE */
export function originOf(registry: string): string {
  if (URL.canParse(registry) && /^https?:$/.test(new URL(registry).protocol)) return new URL(registry).origin;
  throw new DynDataError('USAGE', `"${registry}" is no address of a registry. Give one that begins with https:// or http://.`);
}

async function readCredentials(env: Context['env']): Promise<Credentials> {
  const file = credentialsFile(env);
  const text = await readIfThere(file);
  if (text === undefined) return { version: 1, registries: {} };
  const { mode } = await stat(file);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new DynDataError('CONFIG_INVALID', `${file} holds tokens, and others may read it. Take that away: chmod 600 ${file}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the cause, which quotes the text.
    throw new DynDataError('CONFIG_INVALID', `${file} is no JSON. Remove it and log in again.`);
  }
  return parseValue(schema, value, file, 'CONFIG_INVALID');
}

/** Written whole under another name first: a reader never sees half of it, and nobody but its owner ever sees any of it. */
async function writeCredentials(env: Context['env'], credentials: Credentials): Promise<void> {
  const file = credentialsFile(env);
  const temporary = `${file}.${process.pid}`;
  await writingAt(file, async () => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await rm(temporary, { force: true });
    try {
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(`${JSON.stringify(credentials, undefined, 2)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await chmod(temporary, 0o600);
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
}
