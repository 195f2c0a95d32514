import type { Readable } from 'node:stream';
import { DynDataError } from '../core/index.ts';
import { cancellation, throwIfCancelled, untilCancelled } from './cancellation.ts';

export type Bytes = AsyncIterable<Uint8Array> | Uint8Array;

/**
 * The same bytes, ended by an error as soon as they are more or fewer than `sizeBytes` or `signal` fires, also while the source is silent.
 * @throws DynDataError DIGEST_MISMATCH for another length, CANCELLED; whatever the source throws passes through.
 */
export async function* exactly(bytes: Bytes, sizeBytes: number, key: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  let seenBytes = 0;
  const check = (piece: Uint8Array): Uint8Array => {
    seenBytes += piece.byteLength;
    if (seenBytes > sizeBytes) throw wrongLength(key, sizeBytes, `more than ${sizeBytes}`);
    return piece;
  };
  throwIfCancelled(signal);
  if (bytes instanceof Uint8Array) yield check(bytes);
  else {
    const iterator = bytes[Symbol.asyncIterator]();
    let isDone = false;
    try {
      for (;;) {
        const next = await untilCancelled(iterator.next(), signal);
        if (next.done) {
          isDone = true;
          break;
        }
        yield check(next.value);
      }
    } finally {
      // Not awaited: a source that is stuck in its own read would hold us here for as long.
      if (!isDone) void Promise.resolve(iterator.return?.()).catch(() => undefined);
    }
  }
  if (seenBytes !== sizeBytes) throw wrongLength(key, sizeBytes, String(seenBytes));
}

function wrongLength(key: string, expectedBytes: number, seen: string): DynDataError {
  return new DynDataError(
    'DIGEST_MISMATCH',
    `The bytes for ${key} are ${seen} where ${expectedBytes} were announced. Nothing was stored; start the operation again.`,
  );
}

/** All bytes in one buffer; for what is known to be small. */
export async function gather(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}

export type StreamBytesOptions = {
  readonly signal?: AbortSignal | undefined;
  readonly translate: (error: unknown) => DynDataError;
  /** How long the store may stay silent while somebody waits for its next piece. */
  readonly stallTimeoutMs?: number;
};

/**
 * A Node stream as bytes. The stream is destroyed when reading ends early and when `signal` fires, also where reading never began;
 * its errors are translated.
 */
export function streamBytes(stream: Readable, options: StreamBytesOptions): AsyncIterable<Uint8Array> {
  const { signal, translate, stallTimeoutMs } = options;
  const onAbort = (): void => {
    if (signal) stream.destroy(cancellation(signal));
  };
  // Without a listener an error before the first read would end the process.
  stream.on('error', () => undefined);
  stream.once('close', () => signal?.removeEventListener('abort', onAbort));
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return {
    async *[Symbol.asyncIterator]() {
      let timer: NodeJS.Timeout | undefined;
      const startWaiting = (): void => {
        if (stallTimeoutMs === undefined) return;
        timer = setTimeout(() => stream.destroy(Object.assign(new Error('stalled'), { name: 'TimeoutError' })), stallTimeoutMs);
      };
      try {
        startWaiting();
        for await (const piece of stream) {
          clearTimeout(timer);
          yield piece;
          startWaiting();
        }
      } catch (error) {
        throw signal?.aborted ? cancellation(signal) : translate(error);
      } finally {
        clearTimeout(timer);
        stream.destroy();
      }
    },
  };
}

export const noBytes: AsyncIterable<Uint8Array> = {
  async *[Symbol.asyncIterator]() {},
};

export async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
