import type { Socket } from 'node:net';

/** Silence of a server that is asked about after this time. */
export const defaultSilenceLimitMs = 60_000;

/** When the system begins to ask whether the other end of an idle connection is still there; without an answer it is lost some seconds later. */
export const keepAliveAfterMs = 15_000;

/**
 * Ends a connection whose other end has fallen silent, with the error ETIMEDOUT. Keep-alives notice a machine that is gone; this one also
 * something between us and the server that holds the connection and passes nothing on. Back-pressure is no silence, and a server may be
 * silent for long while it works: so it is asked, through another connection.
 */
export function watchSilence(
  stream: Socket,
  options: {
    readonly limitMs: number;
    /** Whether something is to come that we would take. */
    readonly isWaiting: () => boolean;
    /** By another connection: whether the server works on what we wait for, and is not itself stuck with sending it to us. */
    readonly isAtWork: () => Promise<boolean>;
  },
): void {
  const { limitMs, isWaiting, isAtWork } = options;
  let seenBytes = stream.bytesRead;
  let silentSince = performance.now();
  let asking = false;
  const look = async (): Promise<void> => {
    const now = performance.now();
    if (stream.bytesRead !== seenBytes || !isWaiting()) {
      seenBytes = stream.bytesRead;
      silentSince = now;
      return;
    }
    if (asking || now - silentSince < limitMs) return;
    asking = true;
    const atWork = await isAtWork().catch(() => false);
    asking = false;
    if (atWork) silentSince = performance.now();
    else if (stream.bytesRead === seenBytes && isWaiting()) stream.destroy(Object.assign(new Error('silent'), { code: 'ETIMEDOUT' }));
  };
  const timer = setInterval(() => void look(), limitMs / 4);
  timer.unref();
  stream.once('close', () => clearInterval(timer));
}
