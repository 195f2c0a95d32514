import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Collected } from '../../core/index.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { type Member, openProduction, type Production } from './production.ts';
import { startS3Fixture } from './s3-store.ts';

const bucket = 'dyn-data-collected';
const stageMs = 40;
/** Runs in which what is left can be found, wait for a grace, and go: links, then layers, then blobs. */
const mostRuns = 12;

/** Two registries and two builders, as processes, on one S3 server and one Redis. */
export type CollectedProduction = AsyncDisposable & {
  readonly production: Production;
  /** An address of the registries, in turns. */
  readonly url: () => string;
  /** One registry, or one builder, is gone at once, and another takes its place. */
  replaceRegistry(): Promise<void>;
  replaceBuilder(): Promise<void>;
  /** Runs the collector until it finds nothing that waits: all that is left is reached, or young. */
  collectTheRest(collect: () => Promise<Collected>): Promise<void>;
};

/** @param faultShare of the requests to S3 that fail; 0 where left out */
export async function openCollectedProduction(options: {
  readonly graceMs: number;
  readonly faultShare?: number;
}): Promise<CollectedProduction> {
  const { graceMs, faultShare } = options;
  await using opened = new AsyncDisposableStack();
  const s3 = await startS3Fixture(bucket);
  opened.defer(() => s3.stop());
  const { endpoint, region, accessKeyId, secretAccessKey } = s3.server;
  const proxy = faultShare === undefined ? undefined : opened.use(await startFaultProxy({ target: endpoint, seed: 7, share: faultShare }));
  const storage = {
    s3: {
      endpoint: proxy?.url ?? endpoint,
      region,
      bucket,
      pathStyle: true,
      accessKeyId: { env: 'TEST_S3_ID' },
      secretAccessKey: { env: 'TEST_S3_SECRET' },
    },
  };
  const production = opened.use(
    await openProduction({
      leaseSeconds: 20,
      attempts: 10,
      program: 'chunked-registry-program.ts',
      storage,
      collectorGraceMs: graceMs,
      environment: { TEST_S3_ID: accessKeyId, TEST_S3_SECRET: secretAccessKey },
    }),
  );
  const [registries, builders] = await Promise.all([
    Promise.all([production.startRegistry(), production.startRegistry()]),
    Promise.all([production.startBuilder(stageMs), production.startBuilder(stageMs)]),
  ]);
  const replace = async (members: Member[], start: () => Promise<Member>): Promise<void> => {
    const gone = members.shift();
    await gone?.end('SIGKILL');
    members.push(await start());
  };
  let asked = 0;
  const resources = opened.move();
  return {
    production,
    url: () => {
      asked += 1;
      return registries[asked % registries.length]?.url ?? '';
    },
    replaceRegistry: () => replace(registries, () => production.startRegistry()),
    replaceBuilder: () => replace(builders, () => production.startBuilder(stageMs)),
    async collectTheRest(collect) {
      let waiting = -1;
      for (let run = 0; run < mostRuns && waiting !== 0; run += 1) {
        // What was written last is young for so long.
        await sleep(graceMs);
        const { kinds } = await collect();
        waiting = Object.values(kinds).reduce((sum, kind) => sum + (kind?.waiting.count ?? 0) + (kind?.removed.count ?? 0), 0);
      }
      expect(waiting).toBe(0);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
