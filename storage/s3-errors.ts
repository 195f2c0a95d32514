import { S3ServiceException } from '@aws-sdk/client-s3';
import { DynDataError } from '../core/index.ts';
import { conflict } from './storage-errors.ts';

const deniedNames = new Set([
  'AccessDenied',
  'AccountProblem',
  'AllAccessDisabled',
  'ExpiredToken',
  'Forbidden',
  'InvalidAccessKeyId',
  'InvalidToken',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
  'Unauthorized',
]);
const unreachableCodes = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
]);

export function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'NoSuchKey' || error.name === 'NotFound');
}

export function isRangeRefused(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'InvalidRange' || error.$metadata.httpStatusCode === 416);
}

/** An error of the S3 client as one of ours, by its code or its HTTP status, never by its text. */
export function s3Error(error: unknown, what: { readonly bucket: string; readonly key?: string }): DynDataError {
  if (error instanceof DynDataError) return error;
  const status = error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0;
  const name = error instanceof Error ? error.name : '';
  if (name === 'NoSuchBucket') return noBucket(what.bucket, error);
  // 412: the condition does not hold; 409: somebody else is changing the object at this moment.
  if (status === 412 || status === 409) return conflict(what.key ?? what.bucket, error);
  if (deniedNames.has(name) || status === 401 || status === 403) {
    const message = `The object store refuses the access key for the bucket "${what.bucket}" (${name || status}). Correct storage.s3.accessKeyId and storage.s3.secretAccessKey, or grant that key reading, writing and listing.`;
    return new DynDataError('ACCESS_DENIED', message, { cause: error });
  }
  if (isUnreachable(error, name, status)) {
    const message = `The object store does not answer${status ? ` properly (status ${status})` : ''}. Check storage.s3.endpoint and that the store runs, then try again.`;
    return new DynDataError('STORAGE_UNREACHABLE', message, { cause: error });
  }
  const message = `The object store failed${name ? ` (${name}${status ? `, status ${status}` : ''})` : ''}. Look at the store's log, then try again.`;
  return new DynDataError('STORAGE_FAILED', message, { cause: error });
}

export function noBucket(bucket: string, cause: unknown): DynDataError {
  const message = `The bucket "${bucket}" does not exist. Create it, or correct storage.s3.bucket in the registry's configuration.`;
  return new DynDataError('CONFIG_INVALID', message, { cause });
}

function isUnreachable(error: unknown, name: string, status: number): boolean {
  if (status >= 500 || status === 429 || name === 'SlowDown' || name === 'TimeoutError' || name === 'RequestTimeout') return true;
  for (let current = error, depth = 0; current instanceof Error && depth < 4; current = current.cause, depth += 1) {
    if ('code' in current && unreachableCodes.has(String(current.code))) return true;
  }
  return false;
}
