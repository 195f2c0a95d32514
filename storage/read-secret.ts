import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DynDataError, type SecretReference } from '../core/index.ts';

export type ConfigSecrets = {
  /** Folder of the configuration file: the storage folder and secret files are relative to it. */
  readonly configDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/**
 * A secret of the registry itself, from the environment or from a file without its last line's end.
 * @throws DynDataError SECRET_MISSING naming the variable or the file.
 */
export async function readSecret(reference: SecretReference, what: string, secrets: ConfigSecrets): Promise<string> {
  if ('env' in reference) {
    const value = secrets.environment[reference.env];
    if (value) return value;
    throw new DynDataError(
      'SECRET_MISSING',
      `${what} is missing: set the environment variable ${reference.env} of the registry and start it again.`,
    );
  }
  const text = await readFile(resolve(secrets.configDirectory, reference.file), 'utf8').catch((cause: unknown) => {
    const message = `${what} cannot be read: put it into the file ${reference.file} (relative to the registry's configuration), readable by the registry.`;
    throw new DynDataError('SECRET_MISSING', message, { cause });
  });
  const value = text.replace(/\r?\n$/, '');
  if (value) return value;
  throw new DynDataError('SECRET_MISSING', `${what} is missing: the file ${reference.file} is empty.`);
}
