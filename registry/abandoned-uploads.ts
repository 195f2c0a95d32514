import type { Logger } from 'pino';
import type { Uploads } from '../core/index.ts';
import { errorFields } from './log.ts';

const everyMs = 60 * 60 * 1000;
/** A push that goes on after so long begins anew. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/** Removes what broken pushes left, now and every hour until `signal` fires. A failure is logged, and what it left is tried the next time. */
export function removeAbandonedUploads(options: {
  readonly uploads: Pick<Uploads, 'removeAbandoned'>;
  readonly clock: () => Date;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): void {
  const { uploads, clock, logger, signal } = options;
  const remove = async (): Promise<void> => {
    try {
      const removed = await uploads.removeAbandoned(new Date(clock().getTime() - abandonedAfterMs), signal);
      if (removed > 0) logger.info({ uploads: removed }, 'abandoned uploads removed');
    } catch (error) {
      if (!signal.aborted) logger.warn({ error: errorFields(error) }, 'abandoned uploads not removed');
    }
  };
  void remove();
  const timer = setInterval(() => void remove(), everyMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
