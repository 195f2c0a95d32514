import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Digest, Job, JobRequest, ObjectStore } from '../../../core/index.ts';
import {
  createCollectHandler,
  createInProcessQueue,
  createRetentionHandler,
  createRetryPolicy,
  type InProcessJobQueue,
} from '../../../registry/jobs/index.ts';
import { createLog } from '../../../registry/log.ts';
import { createRetention } from '../../../registry/retention.ts';
import { createMemoryObjects } from '../../../storage/index.ts';
import { lastOf } from '../../contracts/job-queue.ts';
import { type CollectedStore, openCollectedStore, publishChunks, pullEverything, repository } from '../../support/collected-store.ts';
import { listOf } from '../../support/stream-samples.ts';

const hourMs = 60 * 60 * 1000;
const graceMs = 24 * hourMs;

let now = 0;
const clock = (): Date => new Date(now);
let store: CollectedStore;
let queue: InProcessJobQueue;
let digests: Digest[] = [];
/** Called when a collector is about to remove something. */
let beforeRemoval = (): void => undefined;

/** Three snapshots, of which retention keeps two. */
beforeEach(async () => {
  now = Date.UTC(2024, 4, 1);
  beforeRemoval = () => undefined;
  const memory = createMemoryObjects({ clock });
  const objects: ObjectStore = {
    ...memory,
    async remove(key, signal) {
      if (/^(links|layers|blobs)/.test(key)) beforeRemoval();
      await memory.remove(key, signal);
    },
  };
  store = openCollectedStore(objects, { clock, graceMs, newId: randomUUID, wait: async () => undefined });
  const retention = createRetention({
    ...store.removal,
    environments: { prod: { repository, retention: { keepLast: 2, timeZone: 'UTC', keepTags: [], keepDigests: [] } } },
  });
  queue = createInProcessQueue({
    handlers: { retention: createRetentionHandler(retention), collect: createCollectHandler(store.collect) },
    retry: createRetryPolicy({ attempts: 3, firstDelayMs: 1, random: () => 0 }),
    clock,
    newId: randomUUID,
    logger: createLog({ write: () => undefined }),
  });
  digests = [];
  for (const chunk of ['a', 'b', 'c']) {
    now += hourMs;
    digests.push(await publishChunks(await store.openWriter(), [[chunk]], { tag: chunk, takenAt: clock().toISOString() }));
  }
});

const does = async (request: JobRequest): Promise<Job> => {
  const job = await lastOf(queue, (await queue.create(request)).id);
  if (!job) throw new Error('a job expected');
  return job;
};
const retention = (more: Partial<JobRequest>): Promise<Job> => does({ kind: 'retention', environment: 'prod', repository, ...more });
const everything = async (): Promise<string[]> =>
  (await listOf(store.objects.list(''))).map(({ key }) => key).filter((key) => !key.startsWith('collector/'));

describe('a job of retention', () => {
  it('says in a dry run what would go and leaves everything, then removes exactly that', async () => {
    const before = await everything();
    const dry = await retention({ dryRun: true });
    expect(dry).toMatchObject({ state: 'succeeded', retained: { kept: 2, removed: [digests[0]], held: [] } });
    expect(await everything()).toEqual(before);
    const done = await retention({ dryRun: false, plan: dry.retained?.plan });
    expect(done).toMatchObject({ state: 'succeeded', retained: dry.retained });
    expect(await pullEverything(store)).toEqual(new Set(digests.slice(1)));
    expect(await store.catalog.tag(repository, 'a')).toBeUndefined();
  });

  it('removes nothing where it is not told to', async () => {
    const before = await everything();
    expect(await retention({})).toMatchObject({ state: 'succeeded', retained: { removed: [digests[0]] } });
    expect(await everything()).toEqual(before);
  });

  it('removes nothing where the plan is another one by now, and is not tried again', async () => {
    const { retained } = await retention({ dryRun: true });
    await store.catalog.moveTag(repository, 'other', digests[0] as Digest);
    const before = await everything();
    expect(await retention({ dryRun: false, plan: retained?.plan })).toMatchObject({
      state: 'failed',
      attempts: 1,
      error: { code: 'PLAN_OUTDATED' },
    });
    expect(await everything()).toEqual(before);
  });

  it('fails for an environment that is not there', async () => {
    expect(await retention({ environment: 'nowhere' })).toMatchObject({ state: 'failed', error: { code: 'ENVIRONMENT_UNKNOWN' } });
    expect(await does({ kind: 'retention', repository })).toMatchObject({ state: 'failed', error: { code: 'REQUEST_INVALID' } });
  });
});

describe('a job of the collector', () => {
  it('says in a dry run what would go and leaves everything, then removes exactly that', async () => {
    await retention({ dryRun: false });
    now += graceMs + hourMs;
    expect(await does({ kind: 'collect', dryRun: false })).toMatchObject({ collected: { kinds: { blobs: { removed: { count: 0 } } } } });
    now += graceMs + hourMs;
    const before = await everything();
    for (const request of [{ kind: 'collect', dryRun: true }, { kind: 'collect' }] as const) {
      const dry = await does(request);
      expect(dry).toMatchObject({ state: 'succeeded', collected: { manifests: 2, kinds: { blobs: { removed: { count: 2 } } } } });
      expect(await everything()).toEqual(before);
    }
    const dry = await does({ kind: 'collect', dryRun: true });
    const done = await does({ kind: 'collect', dryRun: false });
    expect(done.collected).toEqual(dry.collected);
    expect((await everything()).length).toBeLessThan(before.length);
    expect(await pullEverything(store)).toEqual(new Set(digests.slice(1)));
  });

  it('that is cancelled in the middle of a removal ends that one, so that nobody has to wait for it', async () => {
    await retention({ dryRun: false });
    now += graceMs + hourMs;
    await does({ kind: 'collect', dryRun: false });
    now += graceMs + hourMs;
    const { id } = await queue.create({ kind: 'collect', dryRun: false });
    beforeRemoval = () => void queue.cancel(id);
    expect((await lastOf(queue, id))?.state).toBe('cancelled');
    expect(await store.log.position()).toMatchObject({ isOpen: false });
    expect(await pullEverything(store)).toEqual(new Set(digests.slice(1)));
    beforeRemoval = () => undefined;
    expect(await does({ kind: 'collect', dryRun: false })).toMatchObject({ state: 'succeeded' });
  });

  it('that is cancelled removes nothing that is needed', async () => {
    const { id } = await queue.create({ kind: 'collect', dryRun: false });
    await queue.cancel(id);
    expect((await lastOf(queue, id))?.state).toBe('cancelled');
    expect(await pullEverything(store)).toEqual(new Set(digests));
  });
});
