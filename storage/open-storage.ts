import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DynDataError, type ObjectStore, type SecretReference, type StorageConfig } from '../core/index.ts';
import { createFolderObjects } from './folder-objects.ts';
import { createS3Objects } from './s3-objects.ts';

export type StorageSecrets = {
  /** Folder of the configuration file: the storage folder and secret files are relative to it. */
  readonly configDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/**
 * The object store of a registry's configuration, checked to be there.
 * @throws DynDataError SECRET_MISSING, CONFIG_INVALID (no such bucket), ACCESS_DENIED, STORAGE_UNREACHABLE, STORAGE_FAILED.
 */
export async function openStorage(config: StorageConfig, secrets: StorageSecrets): Promise<ObjectStore & Partial<Disposable>> {
  if ('folder' in config) return createFolderObjects({ folder: resolve(secrets.configDirectory, config.folder), newId: randomUUID });
  const [accessKeyId, secretAccessKey] = await Promise.all([
    readSecret(config.s3.accessKeyId, 'storage.s3.accessKeyId', secrets),
    readSecret(config.s3.secretAccessKey, 'storage.s3.secretAccessKey', secrets),
  ]);
  return createS3Objects({ ...config.s3, accessKeyId, secretAccessKey });
}

/** @throws DynDataError SECRET_MISSING naming the variable or the file. */
export async function readSecret(reference: SecretReference, what: string, secrets: StorageSecrets): Promise<string> {
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
