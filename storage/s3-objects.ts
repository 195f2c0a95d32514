import { randomUUID } from 'node:crypto';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { DynDataError, type ObjectStore } from '../core/index.ts';
import type { KeyLock } from './key-lock.ts';
import { lockedWrites } from './locked-writes.ts';
import { checkKey } from './object-key.ts';
import { openRedisKeyLock } from './redis-key-lock.ts';
import { resumedReads } from './resumed-reads.ts';
import { createS3Bucket } from './s3-bucket.ts';
import { createS3Client, requestTimeoutMs, type S3ClientOptions } from './s3-client.ts';
import { removeUnfinishedUploads } from './s3-leftovers.ts';
import { missingPermissions, openingError } from './s3-opening.ts';
import { probeS3 } from './s3-probe.ts';
import type { S3Encryption } from './s3-writes.ts';

/** A store that restarts, or is replaced by another one of its cluster, is back by then. */
const defaultRetryForMs = 120_000;
/** At the start: whoever starts everything at once has the store running a little later; a wrong address should be told soon. */
const defaultOpeningRetryForMs = 10_000;
/** No upload lasts this long. */
const defaultAbandonedAfterMs = 24 * 60 * 60 * 1000;

export type S3Redirects = {
  readonly expiresInSeconds: number;
  /** Where clients reach the store, if not at the endpoint that the registry uses. */
  readonly publicEndpoint?: string | undefined;
};

/** `store`: by the store itself; `lock`: under a lock in Redis, because the store ignores conditions. */
export type ConditionalWrites = 'store' | 'lock';

export type S3ObjectsOptions = S3ClientOptions & {
  readonly bucket: string;
  /** Put before every key: empty, or segments each ended by `/`. */
  readonly prefix: string;
  readonly encryption?: S3Encryption | undefined;
  readonly redirects?: S3Redirects | undefined;
  /** For stores without conditional writes. */
  readonly redis?: { readonly url: string; readonly prefix: string } | undefined;
  /** How long after its first failure a request is tried again. */
  readonly retryForMs?: number;
  readonly openingRetryForMs?: number;
  /** Age of unfinished uploads that are taken for a killed process's and removed. */
  readonly abandonedAfterMs?: number;
};

export type S3Objects = ObjectStore & Disposable & { readonly conditionalWrites: ConditionalWrites };

/**
 * Objects in one bucket of an S3 store, tried out first. Requests that fail for a passing reason are tried again, reads that break go on
 * where they broke, and a write whose answer was lost is looked for.
 * @throws DynDataError CONFIG_INVALID (bucket, region, HTTP or HTTPS, no conditional writes and no Redis), ACCESS_DENIED (key, permissions),
 * CLOCK_SKEWED, STORAGE_UNREACHABLE.
 */
export async function createS3Objects(options: S3ObjectsOptions): Promise<S3Objects> {
  const { bucket, prefix, encryption, redirects } = options;
  const conditionalWrites = await tryOut(options);
  const lock = conditionalWrites === 'lock' ? await openLock(options) : undefined;
  const client = createS3Client(options, options.retryForMs ?? defaultRetryForMs);
  const stallTimeoutMs = requestTimeoutMs(options);
  const bare = createS3Bucket({ client, bucket, prefix, encryption, stallTimeoutMs, newId: randomUUID });
  const objects = resumedReads(lock ? lockedWrites(bare, lock) : bare, Math.random);
  const publicClient = redirects && createS3Client({ ...options, endpoint: redirects.publicEndpoint ?? options.endpoint }, 0);
  return {
    ...objects,
    ...(publicClient && { url: (key: string) => presigned(publicClient, { bucket, prefix, key }, redirects.expiresInSeconds) }),
    conditionalWrites,
    [Symbol.dispose]() {
      for (const opened of [client, publicClient]) opened?.destroy();
      lock?.[Symbol.dispose]();
    },
  };
}

/** What must be known before the first write; with less patience than later. */
async function tryOut(options: S3ObjectsOptions): Promise<ConditionalWrites> {
  const { bucket, prefix, encryption } = options;
  const client = createS3Client(options, options.openingRetryForMs ?? defaultOpeningRetryForMs);
  try {
    const probe = await probeS3({ client, bucket, prefix, encryption, newId: randomUUID });
    if (probe.missing.size > 0) throw missingPermissions(probe.missing, bucket);
    const before = new Date(Date.now() - (options.abandonedAfterMs ?? defaultAbandonedAfterMs));
    await removeUnfinishedUploads(client, { bucket, prefix, before });
    return probe.conditionalWrites ? 'store' : 'lock';
  } catch (error) {
    throw await openingError(error, options);
  } finally {
    client.destroy();
  }
}

function openLock({ bucket, prefix, redis }: S3ObjectsOptions): Promise<KeyLock & Disposable> {
  if (redis) {
    const ofThisStore = `${redis.prefix}:lock:${bucket}/${prefix}`;
    return openRedisKeyLock({ url: redis.url, prefix: ofThisStore, newId: randomUUID, random: Math.random });
  }
  const message =
    'The object store ignores conditions of writes (If-None-Match, If-Match), so that two writers could overwrite each other. Set redisUrl, so that they lock what they write in Redis, or use a store that has conditional writes.';
  throw new DynDataError('CONFIG_INVALID', message);
}

type Place = { readonly bucket: string; readonly prefix: string; readonly key: string };

/** Signed for reading this one object; the signature is made here, without a question to the store. */
async function presigned(client: S3Client, { bucket, prefix, key }: Place, expiresIn: number): Promise<string> {
  checkKey(key);
  return getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: `${prefix}${key}` }), { expiresIn });
}
