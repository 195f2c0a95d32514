import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DynDataError, type ErrorCode, type SecretReference } from '../core/index.ts';

export type ReadSecret = (reference: SecretReference, what: string, code?: ErrorCode) => Promise<string>;

/**
 * Secrets come from environment variables or from files (relative to the configuration), never from the configuration itself. One
 * trailing newline of a file is not part of the secret. Nothing is remembered: a rotated secret is seen by the next build.
 * @throws DynDataError SECRET_MISSING (or `code`) naming the variable or the file.
 */
export function createReadSecret(configDirectory: string, environment: Readonly<Record<string, string | undefined>>): ReadSecret {
  return async (reference, what, code = 'SECRET_MISSING') => {
    if ('env' in reference) {
      const value = environment[reference.env];
      if (value) return value;
      throw new DynDataError(
        code,
        `The ${what} is missing: set the environment variable ${reference.env} of the registry and start it again.`,
      );
    }
    const value = await readFile(resolve(configDirectory, reference.file), 'utf8').catch((cause: unknown) => {
      throw new DynDataError(
        code,
        `The ${what} cannot be read: put it into the file ${reference.file} (beside the registry's configuration), readable by the registry.`,
        { cause },
      );
    });
    const secret = value.replace(/\r?\n$/, '');
    if (secret) return secret;
    throw new DynDataError(code, `The ${what} is missing: the file ${reference.file} is empty.`);
  };
}
