import type { Collect, JobHandler } from '../../core/index.ts';

/** Runs of the collector, one at a time: several at once would be as safe, and read everything as many times. What is not told to remove anything does not. */
export function createCollectHandler(collect: Collect): JobHandler {
  return {
    resources: () => ['collect'],
    async run({ dryRun = true }, { onCollected, confirm, signal }) {
      await confirm();
      return { collected: await collect({ dryRun }, { onProgress: onCollected, signal }) };
    },
  };
}
