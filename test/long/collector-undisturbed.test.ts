import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CollectedProduction, openCollectedProduction } from '../support/collected-production.ts';
import { describeWithEngine } from '../support/engine.ts';
import { collectOnce, playProduction, pullAll, removedBlobs } from '../support/production-workload.ts';
import { describeWithRedis } from '../support/redis-server.ts';

/** Longer than a build or a push takes, as in production. */
const graceMs = 1_500;

describeWithEngine('S3 and Redis', () => {
  describeWithRedis('with two registries and two builders on them', () => {
    let production: CollectedProduction;
    beforeAll(async () => {
      production = await openCollectedProduction({ graceMs });
    });
    afterAll(() => production?.[Symbol.asyncDispose]());

    it('lose nothing to a collector that runs during builds and pushes, and keep nothing that is not reached', async () => {
      const { url } = production;
      const played = await playProduction({
        url,
        environments: ['a', 'b'],
        isEnough: ({ builds, pushes, mounts, collections }) => builds >= 6 && pushes >= 8 && mounts >= 1 && removedBlobs(collections) >= 5,
      });
      const seen = await pullAll(url, played.snapshots);
      await production.collectTheRest(() => collectOnce(url));
      expect(await pullAll(url, played.snapshots)).toEqual(seen);
    });
  });
});
