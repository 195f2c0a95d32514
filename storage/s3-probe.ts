import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { WriteCondition } from '../core/index.ts';
import { isMissing, statusOf } from './s3-errors.ts';
import { conditionHeaders, encryptionHeaders, type S3Encryption } from './s3-writes.ts';

export type S3Permission = 's3:GetObject' | 's3:PutObject' | 's3:DeleteObject' | 's3:ListBucket';

export type S3Probe = {
  /** What the access key may not do, each with the store's refusal. */
  readonly missing: ReadonlyMap<S3Permission, unknown>;
  /** Whether a write with a condition is refused where the condition does not hold, of whole objects and of those in parts. */
  readonly conditionalWrites: boolean;
};

export type S3ProbeOptions = {
  readonly client: S3Client;
  readonly bucket: string;
  readonly prefix: string;
  readonly encryption?: S3Encryption | undefined;
  readonly newId: () => string;
};

/**
 * Tries what the storage needs on an object of its own, `probe/<random>`, and removes it: list, put, get, delete, and writes whose condition
 * does not hold. A store that ignores a condition says nothing about it: the write just succeeds.
 * @throws what the store answers, other than that the key may not do something.
 */
export async function probeS3({ client, bucket, prefix, encryption, newId }: S3ProbeOptions): Promise<S3Probe> {
  const address = { Bucket: bucket, Key: `${prefix}probe/${newId()}` };
  const made = { ...address, ...(encryption && encryptionHeaders(encryption)) };
  const missing = new Map<S3Permission, unknown>();
  const tried = async (permission: S3Permission, request: () => Promise<unknown>): Promise<boolean> => {
    try {
      await request();
      return true;
    } catch (error) {
      if (!isDenied(error)) throw error;
      missing.set(permission, error);
      return false;
    }
  };
  const put = (condition?: WriteCondition) => client.send(new PutObjectCommand({ ...made, ...conditionHeaders(condition), Body: 'probe' }));

  // First, because its answers tell most: about the bucket, the region, the key and the clock.
  const listing = new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}probe/`, MaxKeys: 1 });
  await tried('s3:ListBucket', () => client.send(listing));
  const mayPut = await tried('s3:PutObject', () => put());
  let conditionalWrites = true;
  try {
    if (mayPut) {
      const otherEtag = { etag: '0'.repeat(32) };
      conditionalWrites =
        (await isRefused(() => put('absent'))) &&
        (await isRefused(() => put(otherEtag))) &&
        (await isRefusedInParts(client, made, 'absent')) &&
        (await isRefusedInParts(client, made, otherEtag));
    }
    await tried('s3:GetObject', async () => {
      // Where nothing could be put there is nothing to get, which only whoever may get is told.
      const found = await client.send(new GetObjectCommand(address)).catch(undefinedIfMissing);
      await found?.Body?.transformToByteArray();
    });
  } finally {
    await tried('s3:DeleteObject', () => client.send(new DeleteObjectCommand(address)));
  }
  return { missing, conditionalWrites };
}

/** True where the store refuses the write for its condition; false where it writes, or does not know conditions. */
async function isRefused(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return false;
  } catch (error) {
    const status = statusOf(error);
    if (status === 412 || status === 409) return true;
    // 501: a header that the store does not know. NoSuchUpload: the upload was completed by a request whose answer was lost.
    if (status === 501 || (error instanceof Error && error.name === 'NoSuchUpload')) return false;
    throw error;
  }
}

async function isRefusedInParts(
  client: S3Client,
  made: { readonly Bucket: string; readonly Key: string },
  condition: WriteCondition,
): Promise<boolean> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(made));
  const upload = { Bucket: made.Bucket, Key: made.Key, UploadId };
  try {
    const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'parts' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const complete = new CompleteMultipartUploadCommand({ ...upload, ...conditionHeaders(condition), MultipartUpload });
    return await isRefused(() => client.send(complete));
  } finally {
    // Where it was completed there is nothing to abort.
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
  }
}

/** The key is right and may not do this; a wrong key or signature is another matter. */
function isDenied(error: unknown): boolean {
  return error instanceof S3ServiceException && ['AccessDenied', 'AllAccessDisabled', 'Forbidden'].includes(error.name);
}

function undefinedIfMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
