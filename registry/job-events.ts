import { once } from 'node:events';
import type { Response } from 'express';
import type { Job } from '../core/index.ts';

/**
 * Sends jobs as server-sent events, with a comment now and then so that proxies and clients see that the connection lives, and ends the
 * answer after the last one.
 */
export async function sendJobEvents(
  response: Response,
  jobs: AsyncIterable<Job>,
  options: { readonly heartbeatMs: number; readonly signal: AbortSignal },
): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
  response.flushHeaders();
  const heartbeat = setInterval(() => response.write(': still here\n\n'), options.heartbeatMs);
  try {
    for await (const job of jobs) {
      const hasRoom = response.write(`event: job\ndata: ${JSON.stringify(job)}\n\n`);
      if (!hasRoom) await once(response, 'drain', { signal: options.signal });
    }
  } catch (error) {
    if (!options.signal.aborted) throw error;
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}
