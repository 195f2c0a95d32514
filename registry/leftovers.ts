import type { Logger } from 'pino';
import type { Uploads } from '../core/index.ts';
import type { RequestKeys } from '../storage/index.ts';
import { errorFields } from './log.ts';

const everyMs = 60 * 60 * 1000;
/** A push that goes on after so long begins anew. */
const abandonedAfterMs = 24 * 60 * 60 * 1000;

/**
 * Removes what broken pushes left, and the keys of requests that were made long ago, now and every hour until `signal` fires. A failure is
 * logged, and what it left is tried the next time.
 */
export function removeLeftovers(options: {
  readonly uploads: Pick<Uploads, 'removeAbandoned'>;
  readonly requestKeys: Pick<RequestKeys, 'removeExpired'>;
  readonly clock: () => Date;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): void {
  const { uploads, requestKeys, clock, logger, signal } = options;
  const remove = async (what: string, work: () => Promise<number>): Promise<void> => {
    try {
      const removed = await work();
      if (removed > 0) logger.info({ [what]: removed }, 'leftovers removed');
    } catch (error) {
      if (!signal.aborted) logger.warn({ what, error: errorFields(error) }, 'leftovers not removed');
    }
  };
  const removeAll = (): void => {
    void remove('uploads', () => uploads.removeAbandoned(new Date(clock().getTime() - abandonedAfterMs), signal));
    void remove('requestKeys', () => requestKeys.removeExpired(signal));
  };
  removeAll();
  const timer = setInterval(removeAll, everyMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
