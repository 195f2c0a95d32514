import type { Request } from 'express';
import { DynDataError } from '../../core/index.ts';
import { OciError } from '../oci-errors.ts';

/**
 * The body as it comes. There is no limit on the time that all of it takes: layers are large and lines slow. What is left of it when reading ends early stays unread, so that the request can still be answered.
 * @throws OciError BLOB_UPLOAD_INVALID (408) where the client falls silent; DynDataError CANCELLED where it is gone.
 */
export async function* bodyOf(request: Request, stallTimeoutMs: number): AsyncGenerator<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array> = request.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const next = await untilStalled(iterator.next(), stallTimeoutMs);
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    if (error instanceof OciError) throw error;
    throw new DynDataError('CANCELLED', 'The client went away before it had sent everything.', { cause: error });
  } finally {
    // Not awaited: a read that is stuck would hold us here for as long.
    void iterator.return?.()?.catch(() => undefined);
  }
}

/** The whole body, where it is small. @throws OciError SIZE_INVALID (413) */
export async function smallBodyOf(request: Request, maxBytes: number, stallTimeoutMs: number): Promise<Uint8Array> {
  const tooLarge = (): OciError => new OciError('SIZE_INVALID', `More than ${maxBytes} bytes are not taken here.`, { status: 413 });
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of bodyOf(request, stallTimeoutMs)) {
    sizeBytes += piece.byteLength;
    if (sizeBytes > maxBytes) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The announced length; undefined for a body that is sent in pieces without one. */
export function announcedBytes(request: Request): number | undefined {
  const length = request.headers['content-length'];
  if (length !== undefined) return Number(length);
  return request.headers['transfer-encoding'] === undefined ? 0 : undefined;
}

function untilStalled<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const stalled = (): void =>
      reject(new OciError('BLOB_UPLOAD_INVALID', `Nothing was sent for ${timeoutMs / 1000} s. Send it again.`, { status: 408 }));
    const timer = setTimeout(stalled, timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
