import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { DynDataError } from '../core/index.ts';

const bufferedBytes = 256 * 1024;

/** Fires when the client is gone, or the answer sent. */
export function untilClosed(response: Response): AbortSignal {
  const controller = new AbortController();
  const close = (): void => controller.abort(new DynDataError('CANCELLED', 'The client closed the connection.'));
  if (response.destroyed) close();
  else response.once('close', close);
  return controller.signal;
}

/**
 * Sends bytes as they come, as fast as the client takes them. What fails before the first piece can still be answered as an error, so the
 * answer's head is sent with that piece and not before.
 */
export async function sendBytes(response: Response, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = bytes[Symbol.asyncIterator]();
  const first = await iterator.next();
  const body = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  };
  try {
    await pipeline(Readable.from(body(), { objectMode: false, highWaterMark: bufferedBytes }), response);
  } catch (error) {
    const isClientGone = error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
    throw isClientGone ? new DynDataError('CANCELLED', 'The client closed the connection.', { cause: error }) : error;
  }
}
