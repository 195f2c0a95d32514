import { Readable } from 'node:stream';
import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { DynDataError, type ObjectState, type ObjectStore } from '../core/index.ts';
import { noBytes, streamBytes } from './byte-streams.ts';
import { cancellation, throwIfCancelled } from './cancellation.ts';
import { checkKey } from './object-key.ts';
import { isMissing, isRangeRefused, s3Error } from './s3-errors.ts';
import { bareEtag, type S3Target, writeS3Object } from './s3-writes.ts';

export type S3BucketOptions = S3Target & {
  /** Put before every key: empty, or segments each ended by `/`. */
  readonly prefix: string;
  /** How long an answer that has begun may stay silent while somebody waits for more of it. */
  readonly stallTimeoutMs: number;
};

/** The bare objects of one bucket. Its conditions hold where the store knows conditional writes, and its reads end where their connection does. */
export function createS3Bucket(options: S3BucketOptions): ObjectStore {
  const { client, bucket, prefix, stallTimeoutMs } = options;

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

  return {
    stat,

    async read(key, { range, etag, signal } = {}) {
      checkKey(key);
      if (range && range.start >= range.end) {
        const info = await stat(key, signal);
        return info && { info, bytes: noBytes };
      }
      const wanted = {
        ...(range ? { Range: `bytes=${range.start}-${range.end - 1}` } : {}),
        ...(etag === undefined ? {} : { IfMatch: `"${etag}"` }),
      };
      try {
        const found = await send(key, signal, (sending) => client.send(new GetObjectCommand({ ...address(key), ...wanted }), sending));
        const info = { key, sizeBytes: totalBytes(found), etag: bareEtag(found.ETag) };
        if (!(found.Body instanceof Readable)) return { info, bytes: noBytes };
        const translate = (error: unknown): DynDataError => s3Error(error, { bucket, key });
        return { info, bytes: streamBytes(found.Body, { signal, translate, stallTimeoutMs }) };
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
      const etag = await writeS3Object(options, { objectKey: `${prefix}${key}`, key, bytes, sizeBytes, condition, signal });
      return { key, sizeBytes, etag };
    },

    async remove(key, signal) {
      checkKey(key);
      await ifFound(() => send(key, signal, (sending) => client.send(new DeleteObjectCommand(address(key)), sending)));
    },
  };
}

/** Every S3 store tells it; of one that does not, everything counts as written just now, so that nothing is taken for old. */
function timeOf(lastModified: Date | undefined): Date {
  return lastModified ?? new Date();
}

async function ifFound<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function totalBytes(found: { readonly ContentRange?: string | undefined; readonly ContentLength?: number | undefined }): number {
  const total = found.ContentRange?.split('/')[1];
  return total === undefined ? (found.ContentLength ?? 0) : Number(total);
}
