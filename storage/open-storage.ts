import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { ObjectStore, SecretReference, StorageConfig } from '../core/index.ts';
import { createFolderObjects } from './folder-objects.ts';
import { type ConfigSecrets, readSecret } from './read-secret.ts';

export type OpenStorageOptions = {
  /** For S3 stores without conditional writes. */
  readonly redis?: { readonly url: SecretReference | undefined; readonly prefix: string };
  /** Told once the storage is open: what of it an operator should find in the log. */
  readonly onOpened?: (facts: Readonly<Record<string, string>>) => void;
};

/**
 * The object store of a registry's configuration, checked to be there.
 * @throws DynDataError SECRET_MISSING, CONFIG_INVALID (no such bucket, wrong region, …), ACCESS_DENIED, CLOCK_SKEWED, STORAGE_UNREACHABLE,
 * STORAGE_FAILED.
 */
export async function openStorage(
  config: StorageConfig,
  secrets: ConfigSecrets,
  { redis, onOpened }: OpenStorageOptions = {},
): Promise<ObjectStore & Partial<Disposable>> {
  if ('folder' in config) return createFolderObjects({ folder: resolve(secrets.configDirectory, config.folder), newId: randomUUID });
  const [accessKeyId, secretAccessKey] = await Promise.all([
    readSecret(config.s3.accessKeyId, 'storage.s3.accessKeyId', secrets),
    readSecret(config.s3.secretAccessKey, 'storage.s3.secretAccessKey', secrets),
  ]);
  const redisUrl = redis?.url && (await readSecret(redis.url, 'redisUrl', secrets));
  // Its library takes a tenth of the time in which the registry starts; who has a folder waits for none of it.
  const { createS3Objects } = await import('./s3-objects.ts');
  const objects = await createS3Objects({
    ...config.s3,
    accessKeyId,
    secretAccessKey,
    ...(redis && redisUrl !== undefined && { redis: { url: redisUrl, prefix: redis.prefix } }),
  });
  onOpened?.({ kind: 's3', bucket: config.s3.bucket, conditionalWrites: objects.conditionalWrites });
  return objects;
}
