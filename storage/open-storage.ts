import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { ObjectStore, StorageConfig } from '../core/index.ts';
import { createFolderObjects } from './folder-objects.ts';
import { type ConfigSecrets, readSecret } from './read-secret.ts';
import { createS3Objects } from './s3-objects.ts';

/**
 * The object store of a registry's configuration, checked to be there.
 * @throws DynDataError SECRET_MISSING, CONFIG_INVALID (no such bucket), ACCESS_DENIED, STORAGE_UNREACHABLE, STORAGE_FAILED.
 */
export async function openStorage(config: StorageConfig, secrets: ConfigSecrets): Promise<ObjectStore & Partial<Disposable>> {
  if ('folder' in config) return createFolderObjects({ folder: resolve(secrets.configDirectory, config.folder), newId: randomUUID });
  const [accessKeyId, secretAccessKey] = await Promise.all([
    readSecret(config.s3.accessKeyId, 'storage.s3.accessKeyId', secrets),
    readSecret(config.s3.secretAccessKey, 'storage.s3.secretAccessKey', secrets),
  ]);
  return createS3Objects({ ...config.s3, accessKeyId, secretAccessKey });
}
