import type { Worker } from 'node:worker_threads';

/**
 * One thread that is kept for whoever needs it next, who then need not wait for its start nor pay for its code being compiled again. While nobody has it, it
 * does not keep the process alive.
 */
export type KeptThread = {
  /** The kept thread, or a new one. */
  take(): Worker;
  /** Keeps it, if none is kept; ends it otherwise. To be called by whoever took it, with all of its requests answered. */
  giveBack(thread: Worker): Promise<void>;
};

export function createKeptThread(start: () => Worker): KeptThread {
  let kept: Worker | undefined;
  return {
    take() {
      const thread = kept ?? start();
      kept = undefined;
      thread.removeAllListeners();
      thread.ref();
      return thread;
    },
    async giveBack(thread) {
      thread.removeAllListeners();
      if (kept) {
        await thread.terminate();
        return;
      }
      const forget = (): void => {
        if (kept === thread) kept = undefined;
      };
      thread.on('error', forget);
      thread.on('exit', forget);
      thread.unref();
      kept = thread;
    },
  };
}
