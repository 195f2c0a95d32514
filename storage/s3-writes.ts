import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { DynDataError, type WriteCondition } from '../core/index.ts';
import { type Bytes, exactly, gather } from './byte-streams.ts';
import { cancellation, throwIfCancelled } from './cancellation.ts';
import { statusOf, writeError } from './s3-errors.ts';

/** Larger objects go up in parts of this size; a write holds so many of them in memory, the one being filled included. */
const partBytes = 8 * 1024 * 1024;
const partsAtOnce = 2;
const maxParts = 10_000;
/** How long the parts of a failed write are tried to be removed. What is left then goes with `removeUnfinishedUploads`. */
const abortForMs = 15_000;
/** Name in the object's metadata of the write that made it. */
const writeMark = 'dyn-data-write';

export type S3Encryption = { readonly kind: 's3' } | { readonly kind: 'kms'; readonly keyId: string };

export type S3Target = {
  readonly client: S3Client;
  readonly bucket: string;
  readonly encryption?: S3Encryption | undefined;
  readonly newId: () => string;
};

export type S3Write = {
  /** As the bucket has it, with the store's prefix. */
  readonly objectKey: string;
  /** As our own errors say it. */
  readonly key: string;
  readonly bytes: Bytes;
  readonly sizeBytes: number;
  readonly condition?: WriteCondition | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Writes one object, whole or not at all, and gives its etag. @throws as the port does. */
export async function writeS3Object(target: S3Target, write: S3Write): Promise<string> {
  throwIfCancelled(write.signal);
  const mark = target.newId();
  return write.sizeBytes > partBytes ? writeInParts(target, write, mark) : writeInOne(target, write, mark);
}

async function writeInOne(target: S3Target, write: S3Write, mark: string): Promise<string> {
  const { sizeBytes, key, signal } = write;
  const body = await gather(exactly(write.bytes, sizeBytes, key, signal));
  const put = new PutObjectCommand({
    ...newObject(target, write, mark),
    ...conditionHeaders(write.condition),
    Body: body,
    ContentLength: sizeBytes,
  });
  return settled(target, write, mark, async () => (await target.client.send(put, sending(signal))).ETag);
}

/**
 * The object in parts, visible once the last request says so. Each part is verified by the store before it is accepted; that all of them
 * are there in this order, it verifies by their list.
 */
async function writeInParts(target: S3Target, write: S3Write, mark: string): Promise<string> {
  const { client, bucket } = target;
  const { objectKey, sizeBytes, key } = write;
  const address = { Bucket: bucket, Key: objectKey };
  // Fired when the write fails: parts on their way are not waited for.
  const ending = new AbortController();
  const signal = write.signal ? AbortSignal.any([write.signal, ending.signal]) : ending.signal;
  const create = new CreateMultipartUploadCommand({ ...newObject(target, write, mark), ChecksumAlgorithm: 'CRC32' });
  const { UploadId } = await sent(write, bucket, () => client.send(create, sending(signal)));
  const upload = { ...address, UploadId };
  const uploading = new Set<Promise<unknown>>();
  let failure: { readonly error: unknown } | undefined;
  const parts: { PartNumber: number; ETag: string | undefined; ChecksumCRC32: string | undefined }[] = [];
  const uploadPart = async (PartNumber: number, Body: Uint8Array): Promise<void> => {
    const command = new UploadPartCommand({ ...upload, PartNumber, Body, ContentLength: Body.byteLength, ChecksumAlgorithm: 'CRC32' });
    const { ETag, ChecksumCRC32 } = await client.send(command, sending(signal));
    parts[PartNumber - 1] = { PartNumber, ETag, ChecksumCRC32 };
  };
  try {
    let partNumber = 0;
    const size = Math.max(partBytes, Math.ceil(sizeBytes / maxParts));
    for await (const body of partsOf(exactly(write.bytes, sizeBytes, key, write.signal), size, sizeBytes)) {
      partNumber += 1;
      const number = partNumber;
      const part: Promise<unknown> = sent(write, bucket, () => uploadPart(number, body))
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => uploading.delete(part));
      uploading.add(part);
      // The next part is filled once there is room for it.
      while (uploading.size >= partsAtOnce) await Promise.race(uploading);
      if (failure) throw failure.error;
    }
    await Promise.all(uploading);
    if (failure) throw failure.error;
    const complete = new CompleteMultipartUploadCommand({
      ...upload,
      ...conditionHeaders(write.condition),
      MultipartUpload: { Parts: parts },
    });
    return await settled(target, write, mark, async () => (await client.send(complete, sending(signal))).ETag);
  } catch (error) {
    ending.abort();
    await Promise.allSettled(uploading);
    // Not under the caller's signal, which may be why we are here.
    const aborting = { abortSignal: AbortSignal.timeout(abortForMs) };
    await client.send(new AbortMultipartUploadCommand(upload), aborting).catch(() => undefined);
    throw error;
  }
}

/** The bytes in buffers of `size`, the last one smaller. */
async function* partsOf(bytes: AsyncIterable<Uint8Array>, size: number, totalBytes: number): AsyncGenerator<Uint8Array> {
  let leftBytes = totalBytes;
  let part = Buffer.allocUnsafeSlow(Math.min(size, leftBytes));
  let filled = 0;
  for await (const piece of bytes) {
    for (let at = 0; at < piece.byteLength; ) {
      const taken = piece.subarray(at, at + part.byteLength - filled);
      part.set(taken, filled);
      filled += taken.byteLength;
      at += taken.byteLength;
      if (filled < part.byteLength) continue;
      yield part;
      leftBytes -= filled;
      filled = 0;
      part = Buffer.allocUnsafeSlow(Math.min(size, leftBytes));
    }
  }
}

/**
 * The request that makes an object visible, and what became of it where its answer was lost. A request that was tried again may be refused
 * because its first try was done: the object is there (412, 409), or the upload is complete and so no longer known (404). Then the object
 * that is there is looked at: it is ours if it has this write's mark. The mark says more than equal bytes do: of two writers of the same
 * bytes, of which one may succeed, only one is told that it did. Where a third replaced our object before we looked, the write counts as a
 * conflict though it was done for a moment; its caller must then look at the state that there is, as after any conflict.
 */
async function settled(target: S3Target, write: S3Write, mark: string, request: () => Promise<string | undefined>): Promise<string> {
  const { client, bucket } = target;
  try {
    return bareEtag(await sent(write, bucket, request));
  } catch (error) {
    const refusal = error instanceof DynDataError ? error.cause : error;
    if (!isInDoubt(refusal)) throw error;
    const look = new HeadObjectCommand({ Bucket: bucket, Key: write.objectKey });
    const found = await sent(write, bucket, () => client.send(look, sending(write.signal))).catch((failure: unknown) => {
      if (failure instanceof DynDataError && failure.code === 'CONFLICT') return undefined;
      throw failure;
    });
    if (found?.Metadata?.[writeMark] === mark && found.ContentLength === write.sizeBytes) return bareEtag(found.ETag);
    throw error;
  }
}

/** A refusal that our own earlier try may be the reason of. */
function isInDoubt(error: unknown): boolean {
  if (![404, 409, 412].includes(statusOf(error)) || !(error instanceof Error) || !('$metadata' in error)) return false;
  return ((error.$metadata as { readonly attempts?: number }).attempts ?? 1) > 1;
}

async function sent<T>({ key, signal }: S3Write, bucket: string, request: () => Promise<T>): Promise<T> {
  throwIfCancelled(signal);
  try {
    return await request();
  } catch (error) {
    throw signal?.aborted ? cancellation(signal) : writeError(error, bucket, key);
  }
}

const sending = (signal: AbortSignal | undefined): { abortSignal?: AbortSignal } => (signal ? { abortSignal: signal } : {});

function newObject({ bucket, encryption }: S3Target, { objectKey }: S3Write, mark: string) {
  return { Bucket: bucket, Key: objectKey, Metadata: { [writeMark]: mark }, ...(encryption && encryptionHeaders(encryption)) };
}

export function encryptionHeaders(encryption: S3Encryption) {
  if (encryption.kind === 's3') return { ServerSideEncryption: 'AES256' } as const;
  return { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: encryption.keyId } as const;
}

export function conditionHeaders(condition: WriteCondition | undefined): { IfNoneMatch?: string; IfMatch?: string } {
  if (condition === undefined) return {};
  return condition === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: `"${condition.etag}"` };
}

/** Some answers quote the etag, some do not. */
export function bareEtag(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}
