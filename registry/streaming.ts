import type { Response } from 'express';
import { DynDataError } from '../core/index.ts';

/** Fires when the client is gone, or the answer sent. */
export function untilClosed(response: Response): AbortSignal {
  const controller = new AbortController();
  const close = (): void => controller.abort(new DynDataError('CANCELLED', 'The client closed the connection.'));
  if (response.destroyed) close();
  else response.once('close', close);
  return controller.signal;
}

/**
 * Sends bytes as fast as the client takes them, each piece when the one before is on its way: whoever gives them may then write over that. What
 * fails before the first piece can still be answered as an error, so the answer's head is sent with that piece and not before; what fails
 * later cuts the connection.
 */
export async function sendBytes(response: Response, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = bytes[Symbol.asyncIterator]();
  let goOn = (): void => undefined;
  // What the connection has not taken by then it never tells of.
  const onClose = (): void => goOn();
  response.once('close', onClose);
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      const { value } = next;
      if (response.destroyed) throw new DynDataError('CANCELLED', 'The client closed the connection.');
      await new Promise<void>((resolve) => {
        goOn = resolve;
        response.write(value, () => resolve());
      });
    }
    response.end();
  } catch (error) {
    if (response.headersSent) response.destroy();
    throw error;
  } finally {
    response.off('close', onClose);
    await iterator.return?.();
  }
}
