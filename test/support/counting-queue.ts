import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import type { JobRequest } from '../../core/index.ts';
import { createInProcessQueue, createRetryPolicy } from '../../registry/jobs/index.ts';
import { createLog } from '../../registry/log.ts';
import { someDigest } from '../contracts/job-queue.ts';

/** A log that is not looked at. */
export const silentLog = () => createLog(new Writable({ write: (_line, _encoding, done) => done() }));

/** A real queue whose builds end at once, or stay open, and that remembers what jobs were made for. */
export function createCountingQueue() {
  const requests: JobRequest[] = [];
  let staysOpen = false;
  const queue = createInProcessQueue({
    handlers: {
      build: {
        resources: () => [],
        run: async (request, { signal }) => {
          requests.push(request);
          if (staysOpen)
            await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
          return { digest: someDigest };
        },
      },
    },
    retry: createRetryPolicy({ attempts: 1, firstDelayMs: 1, random: () => 0 }),
    clock: () => new Date(),
    newId: randomUUID,
    logger: silentLog(),
  });
  return {
    queue,
    created: () => [...requests],
    keepJobsOpen: (open: boolean) => {
      staysOpen = open;
    },
  };
}
