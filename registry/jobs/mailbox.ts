import { isEnded, type Job } from '../../core/index.ts';

/** What a follower has not read yet: every state, and of several reports of progress only the latest. */
export type Mailbox = {
  put(job: Job): void;
  /** Ends after an ended job, or when `signal` fires. */
  read(signal?: AbortSignal): AsyncGenerator<Job>;
};

export function createMailbox(): Mailbox {
  const pending: Job[] = [];
  let wake = (): void => undefined;
  return {
    put(job) {
      if (pending.at(-1)?.state === job.state) pending.pop();
      pending.push(job);
      wake();
    },
    async *read(signal) {
      const onAbort = (): void => wake();
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        while (!signal?.aborted) {
          const job = pending.shift();
          if (job) {
            yield job;
            if (isEnded(job.state)) return;
          } else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },
  };
}
