import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CollectedProduction, openCollectedProduction } from '../support/collected-production.ts';
import { describeWithEngine } from '../support/engine.ts';
import { collectOnce, playProduction, pullAll, removedBlobs } from '../support/production-workload.ts';
import { describeWithRedis } from '../support/redis-server.ts';

const playMs = 5 * 60_000;
/**
 * Short beside builds and pushes that are tried again and again: some of them meet a removal in their midst. Longer than one that meets none takes
 * on a slow machine, else none would ever end.
 */
const graceMs = 8_000;
/** Of the requests to S3. */
const faultShare = 0.02;

describeWithEngine('S3 that fails now and then, and Redis', () => {
  describeWithRedis('with registries and builders that are killed, and a Redis that is', () => {
    let production: CollectedProduction;
    beforeAll(async () => {
      production = await openCollectedProduction({ graceMs, faultShare });
    });
    afterAll(() => production?.[Symbol.asyncDispose]());

    it('lose nothing to a collector that runs all the time, and keep nothing that is not reached', async () => {
      const { url, production: processes } = production;
      const startedAt = performance.now();
      const kinds = [
        () => production.replaceBuilder(),
        () => production.replaceRegistry(),
        async () => {
          await processes.redis.kill();
          await sleep(1_000);
          await processes.redis.start();
        },
      ];
      let disturbed = 0;
      const played = await playProduction({
        url,
        environments: ['a', 'b', 'c'],
        isEnough: ({ collections }) => performance.now() - startedAt > playMs && removedBlobs(collections) >= 20 && disturbed >= 6,
        // Between its runs: what a collector leaves that is killed in its midst is test/storage/collector/killed.test.ts' matter.
        onCollected: async (run) => {
          if (run % 5 !== 4) return;
          await kinds[disturbed % kinds.length]?.();
          disturbed += 1;
        },
      });
      process.stderr.write(
        `${played.builds} builds, ${played.pushes} pushes, ${played.refusals} refused, ${played.mounts} mounts, ${disturbed} killed\n`,
      );
      const seen = await pullAll(url, played.snapshots);
      await production.collectTheRest(() => collectOnce(url));
      expect(await pullAll(url, played.snapshots)).toEqual(seen);
    });
  });
});
