import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { DynDataError, type ObjectState, type ObjectStore, type WriteCondition } from '../core/index.ts';
import { type Bytes, exactly, gather, noBytes, streamBytes } from './byte-streams.ts';
import { cancellation, throwIfCancelled } from './cancellation.ts';
import { checkKey } from './object-key.ts';
import { isMissing, isRangeRefused, noBucket, s3Error } from './s3-errors.ts';
import { removeUnfinishedUploads } from './s3-leftovers.ts';
import { conflict } from './storage-errors.ts';

/** Larger objects go up in parts of this size, two at a time, so a write holds a few of them in memory at most. */
const partBytes = 8 * 1024 * 1024;
const partsAtOnce = 2;
const maxParts = 10_000;
const connectTimeoutMs = 5_000;
/** For one request until its answer begins, the sending of one part included. */
const requestTimeoutMs = 60_000;
const maxAttempts = 4;
/** No upload lasts this long. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

export type S3ObjectsOptions = {
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly bucket: string;
  /** Put before every key: empty, or segments each ended by `/`. */
  readonly prefix: string;
  /** The bucket in the path instead of the host name, as most stores other than AWS want it. */
  readonly pathStyle: boolean;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Age of unfinished uploads that are taken for a killed process's and removed. */
  readonly abandonedAfterMs?: number;
};

/**
 * Objects in one bucket of an S3 store that knows conditional writes. Requests that fail for a passing reason are tried again by the
 * client library, with waits, a few times.
 * @throws DynDataError CONFIG_INVALID for a missing bucket, ACCESS_DENIED, STORAGE_UNREACHABLE.
 */
export async function createS3Objects(options: S3ObjectsOptions): Promise<ObjectStore & Disposable> {
  const { bucket, prefix } = options;
  const client = new S3Client({
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    forcePathStyle: options.pathStyle,
    credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
    maxAttempts,
    // An open answer may rest while its reader is slow, so there is no limit on a silent socket; see `stallTimeoutMs` below.
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: 0,
    },
  });

  const send = async <T>(
    key: string | undefined,
    signal: AbortSignal | undefined,
    request: (options: { abortSignal?: AbortSignal }) => Promise<T>,
  ) => {
    throwIfCancelled(signal);
    try {
      return await request(signal ? { abortSignal: signal } : {});
    } catch (error) {
      if (signal?.aborted) throw cancellation(signal);
      throw isMissing(error) ? error : s3Error(error, { bucket, ...(key === undefined ? {} : { key }) });
    }
  };
  const address = (key: string) => ({ Bucket: bucket, Key: `${prefix}${key}` });

  const stat = async (key: string, signal?: AbortSignal): Promise<ObjectState | undefined> => {
    checkKey(key);
    const found = await ifFound(() => send(key, signal, (sending) => client.send(new HeadObjectCommand(address(key)), sending)));
    return found && { key, sizeBytes: found.ContentLength ?? 0, etag: bareEtag(found.ETag), modifiedAt: timeOf(found.LastModified) };
  };

  await send(undefined, undefined, (sending) => client.send(new HeadBucketCommand({ Bucket: bucket }), sending)).catch((error: unknown) => {
    throw isMissing(error) ? noBucket(bucket, error) : error;
  });
  const before = new Date(Date.now() - (options.abandonedAfterMs ?? abandonedAfterMs));
  await send(undefined, undefined, () => removeUnfinishedUploads(client, { bucket, prefix, before }));

  return {
    stat,

    async read(key, { range, signal } = {}) {
      checkKey(key);
      if (range && range.start >= range.end) {
        const info = await stat(key, signal);
        return info && { info, bytes: noBytes };
      }
      const wanted = range ? { Range: `bytes=${range.start}-${range.end - 1}` } : {};
      try {
        const found = await send(key, signal, (sending) => client.send(new GetObjectCommand({ ...address(key), ...wanted }), sending));
        const info = { key, sizeBytes: totalBytes(found), etag: bareEtag(found.ETag) };
        if (!(found.Body instanceof Readable)) return { info, bytes: noBytes };
        const translate = (error: unknown): DynDataError => s3Error(error, { bucket, key });
        return { info, bytes: streamBytes(found.Body, { signal, translate, stallTimeoutMs: requestTimeoutMs }) };
      } catch (error) {
        if (isMissing(error)) return undefined;
        if (!(error instanceof DynDataError && isRangeRefused(error.cause))) throw error;
        // The range begins behind the end, also of an empty object.
        const info = await stat(key, signal);
        return info && { info, bytes: noBytes };
      }
    },

    async *list(keyPrefix, { after, signal } = {}) {
      let next: string | undefined;
      do {
        const query = {
          Bucket: bucket,
          Prefix: `${prefix}${keyPrefix}`,
          ...(after === undefined ? {} : { StartAfter: `${prefix}${after}` }),
          ...(next === undefined ? {} : { ContinuationToken: next }),
        };
        const found = await send(undefined, signal, (sending) => client.send(new ListObjectsV2Command(query), sending));
        for (const item of found.Contents ?? []) {
          if (item.Key === undefined) continue;
          const key = item.Key.slice(prefix.length);
          yield { key, sizeBytes: item.Size ?? 0, etag: bareEtag(item.ETag), modifiedAt: timeOf(item.LastModified) };
        }
        next = found.IsTruncated ? found.NextContinuationToken : undefined;
      } while (next !== undefined);
    },

    async write(key, bytes, { sizeBytes, condition, signal }) {
      checkKey(key);
      throwIfCancelled(signal);
      const target = { ...address(key), ...conditionHeaders(condition) };
      if (sizeBytes > partBytes) return { key, sizeBytes, etag: await writeParts(client, target, { key, bytes, sizeBytes, signal }) };
      const body = await gather(exactly(bytes, sizeBytes, key, signal));
      const put = new PutObjectCommand({ ...target, Body: body, ContentLength: sizeBytes });
      const written = await send(key, signal, (sending) => client.send(put, sending)).catch((error: unknown) => {
        throw writeError(error, bucket, key);
      });
      return { key, sizeBytes, etag: bareEtag(written.ETag) };
    },

    async remove(key, signal) {
      checkKey(key);
      await ifFound(() => send(key, signal, (sending) => client.send(new DeleteObjectCommand(address(key)), sending)));
    },

    [Symbol.dispose]() {
      client.destroy();
    },
  };
}

type Writing = { readonly key: string; readonly bytes: Bytes; readonly sizeBytes: number; readonly signal?: AbortSignal | undefined };
type Target = { readonly Bucket: string; readonly Key: string; readonly IfNoneMatch?: string; readonly IfMatch?: string };

/**
 * The bytes in parts, visible once the last is there. A cancelled or failing source ends the upload through its stream and not through
 * the library's own abort, which would return before the parts already sent are removed.
 */
async function writeParts(client: S3Client, target: Target, { key, bytes, sizeBytes, signal }: Writing): Promise<string> {
  let sourceFailure: { error: unknown } | undefined;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* exactly(bytes, sizeBytes, key, signal);
    } catch (error) {
      sourceFailure = { error };
      throw error;
    }
  };
  const upload = new Upload({
    client,
    params: { ...target, Body: Readable.from(source(), { objectMode: false }), ContentLength: sizeBytes },
    partSize: Math.max(partBytes, Math.ceil(sizeBytes / maxParts)),
    queueSize: partsAtOnce,
  });
  try {
    return bareEtag((await upload.done()).ETag);
  } catch (error) {
    throw sourceFailure ? sourceFailure.error : writeError(error, target.Bucket, key);
  }
}

/** That a key is missing says, of a conditional write, that the expected object is gone. */
function writeError(error: unknown, bucket: string, key: string): DynDataError {
  return isMissing(error) ? conflict(key, error) : s3Error(error, { bucket, key });
}

async function ifFound<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function conditionHeaders(condition: WriteCondition | undefined): { IfNoneMatch?: string; IfMatch?: string } {
  if (condition === undefined) return {};
  return condition === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: `"${condition.etag}"` };
}

/** Every S3 store tells it; of one that does not, everything counts as written just now, so that nothing is taken for old. */
function timeOf(lastModified: Date | undefined): Date {
  return lastModified ?? new Date();
}

/** Some answers quote the etag, some do not. */
function bareEtag(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

function totalBytes(found: { readonly ContentRange?: string | undefined; readonly ContentLength?: number | undefined }): number {
  const total = found.ContentRange?.split('/')[1];
  return total === undefined ? (found.ContentLength ?? 0) : Number(total);
}
