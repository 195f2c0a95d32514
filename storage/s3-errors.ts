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
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
  'Unauthorized',
]);
const unreachableCodes = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
]);
/**
 * The client's own errors that pass: it was too fast or too slow, or met another's request at this very moment. S3 asks to try the last two
 * again: whether a condition holds is only known then.
 */
const passingNames = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TooManyRequests',
  'RequestTimeout',
  'RequestTimeoutException',
  'TimeoutError',
  'ConditionalRequestConflict',
  'OperationAborted',
]);

/** HTTP status of the answer, 0 where there was none. Not of the library's own class only: the error page of a proxy is none that it can read. */
export function statusOf(error: unknown): number {
  if (!(error instanceof Error && '$metadata' in error)) return 0;
  return (error.$metadata as { readonly httpStatusCode?: number } | undefined)?.httpStatusCode ?? 0;
}

export function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'NoSuchKey' || error.name === 'NotFound');
}

export function isRangeRefused(error: unknown): boolean {
  return error instanceof S3ServiceException && (error.name === 'InvalidRange' || statusOf(error) === 416);
}

/** Whether the same request may succeed a little later: the store is overloaded, failing or out of reach. Never for what it refuses. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error) || error.name === 'AbortError') return false;
  const status = statusOf(error);
  // 501: the store does not know the request, and will not later.
  if ((status >= 500 && status !== 501) || status === 429 || passingNames.has(error.name)) return true;
  // Read whole: the store has said what it has to say.
  if (error instanceof S3ServiceException && status >= 400) return false;
  for (let current: unknown = error, depth = 0; current instanceof Error && depth < 4; current = current.cause, depth += 1) {
    if (!('code' in current)) continue;
    const code = String(current.code);
    // HPE_…: what came is no HTTP, as where an answer is cut in its head.
    if (unreachableCodes.has(code) || code.startsWith('HPE_')) return true;
  }
  // A success that cannot be read was cut on its way.
  return status >= 200 && status < 300;
}

/** An error of the S3 client as one of ours, by its code or its HTTP status, never by its text. */
export function s3Error(error: unknown, what: { readonly bucket: string; readonly key?: string }): DynDataError {
  if (error instanceof DynDataError) return error;
  const status = statusOf(error);
  const name = error instanceof Error ? error.name : '';
  if (name === 'NoSuchBucket') return noBucket(what.bucket, error);
  // 412: the condition does not hold; 409: somebody else is changing the object at this moment.
  if (status === 412 || status === 409) return conflict(what.key ?? what.bucket, error);
  if (name === 'RequestTimeTooSkewed') return clockSkewed(error);
  if (deniedNames.has(name) || status === 401 || status === 403) {
    const message = `The object store refuses the access key for the bucket "${what.bucket}" (${name || status}). Correct storage.s3.accessKeyId and storage.s3.secretAccessKey, or grant that key reading, writing, listing and deleting (docs/storage.md).`;
    return new DynDataError('ACCESS_DENIED', message, { cause: error });
  }
  if (isPassing(error)) {
    const message = `The object store does not answer${status ? ` properly (status ${status})` : ''}. Check storage.s3.endpoint and that the store runs, then try again.`;
    return new DynDataError('STORAGE_UNREACHABLE', message, { cause: error });
  }
  const message = `The object store failed${name ? ` (${name}${status ? `, status ${status}` : ''})` : ''}. Look at the store's log, then try again.`;
  return new DynDataError('STORAGE_FAILED', message, { cause: error });
}

/** Of a write: that a key is missing says that the object that it should replace is gone. */
export function writeError(error: unknown, bucket: string, key: string): DynDataError {
  return isMissing(error) ? conflict(key, error) : s3Error(error, { bucket, key });
}

export function noBucket(bucket: string, cause: unknown): DynDataError {
  const message = `The bucket "${bucket}" does not exist. Create it, or correct storage.s3.bucket in the registry's configuration.`;
  return new DynDataError('CONFIG_INVALID', message, { cause });
}

export function clockSkewed(cause: unknown): DynDataError {
  const message =
    "This machine's clock and the object store's are too far apart, so that the store refuses what is signed here. Set this machine's clock (run a time service such as chrony), and the store's where it is yours.";
  return new DynDataError('CLOCK_SKEWED', message, { cause });
}
