import { Readable } from 'node:stream';
import { S3Client } from '@aws-sdk/client-s3';
import { createRetryStrategy } from './s3-retries.ts';

const connectTimeoutMs = 5_000;
/** For one request until its answer begins, the sending of one part included. */
const defaultRequestTimeoutMs = 60_000;
/** Downloads hold a connection each for as long as their readers take; requests must not wait for them to end. */
const maxConnections = 512;

export type S3ClientOptions = {
  readonly endpoint?: string | undefined;
  readonly region: string;
  /** The bucket in the path instead of the host name, as most stores other than AWS want it. */
  readonly pathStyle: boolean;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly requestTimeoutMs?: number | undefined;
  /** Added to this machine's clock for what is signed. */
  readonly clockOffsetMs?: number | undefined;
};

export const requestTimeoutMs = (options: S3ClientOptions): number => options.requestTimeoutMs ?? defaultRequestTimeoutMs;

/**
 * A client whose requests are tried again for `retryForMs` where their failure may pass.
 *
 * Checksums, with the library's defaults spelt out: every body sent carries its CRC-32, which the store verifies before it accepts the
 * object or the part (a wrong one is refused with BadDigest or XAmzContentChecksumMismatch). An object read whole that was written in one
 * request is verified on the way by the checksum that the store kept. Ranges, and objects that were written in parts (their checksum is of
 * their parts' checksums), are not verified here; blobs and manifests are, by their SHA-256, by whoever reads them whole.
 */
export function createS3Client(options: S3ClientOptions, retryForMs: number): S3Client {
  const sockets = { keepAlive: true, maxSockets: maxConnections };
  const client = new S3Client({
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    forcePathStyle: options.pathStyle,
    credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
    ...(options.clockOffsetMs === undefined ? {} : { systemClockOffset: options.clockOffsetMs }),
    retryStrategy: createRetryStrategy({ forMs: retryForMs, random: Math.random, now: () => performance.now() }),
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_SUPPORTED',
    // An open answer may rest while its reader is slow, so there is no limit on a silent socket; see `stallTimeoutMs` of streamBytes.
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs(options),
      throwOnRequestTimeout: true,
      socketTimeout: 0,
      httpAgent: sockets,
      httpsAgent: sockets,
    },
  });
  limitAnswers(client, requestTimeoutMs(options));
  return client;
}

/**
 * Ends answers that began and then fall silent. The time of a request ends for the library where its answer begins, so an error or a list
 * whose rest never comes would be waited for without end. Downloads are left out: how long they may take is for their reader to say.
 */
function limitAnswers(client: S3Client, timeoutMs: number): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const { statusCode = 0, body } = result.response as { readonly statusCode?: number; readonly body?: unknown };
      const isDownload = context.commandName === 'GetObjectCommand' && statusCode < 300;
      if (!isDownload && body instanceof Readable && !body.closed) {
        const stalled = Object.assign(new Error('stalled'), { name: 'TimeoutError' });
        const timer = setTimeout(() => body.destroy(stalled), timeoutMs);
        body.once('close', () => clearTimeout(timer));
      }
      return result;
    },
    // Before the answer is read.
    { name: 'limitAnswers', step: 'deserialize', priority: 'low' },
  );
}
