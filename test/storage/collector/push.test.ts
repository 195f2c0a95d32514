import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../core/index.ts';
import { removeSnapshots } from '../../../storage/index.ts';
import { type CollectedStore, publishChunks, repository } from '../../support/collected-store.ts';
import { times } from '../../support/many-times.ts';
import { createPlay, graceMs, minuteMs } from '../../support/stepped-play.ts';
import { pullByLinks, pushImage } from '../../support/stepped-pusher.ts';
import { listOf } from '../../support/stream-samples.ts';

const texts = ['a', 'b', 'c', 'd', 'e'];
const mirror = 'team/mirror';
const repositories = [repository, mirror];

type Outcome = {
  readonly acknowledged: Map<string, number>;
  readonly removed: Map<string, number>;
  freed: number;
  sent: number;
  refusals: number;
  conflicts: number;
};

/** Pushes to two repositories, a build, deletions and collectors at once over one store, interleaved at each storage operation as the seed says. */
async function play(seed: number, { longest }: { readonly longest: number }): Promise<Outcome> {
  const { memory, schedule, open, outside, nowMs, clock, pass, random, pick, isRefused } = createPlay(seed);
  let order = 0;
  const outcome: Outcome = { acknowledged: new Map(), removed: new Map(), freed: 0, sent: 0, refusals: 0, conflicts: 0 };
  const ignoring = async (work: () => Promise<void>): Promise<void> => {
    if (await isRefused(work)) outcome.conflicts += 1;
  };
  const someTexts = (): string[] => Array.from({ length: 1 + Math.floor(random() * 2) }, () => `layer ${pick(texts)}`);
  const pushing = { isSure: false, nowMs, promisedMs: graceMs / 2 };
  const push = async (store: CollectedStore, to: string): Promise<void> => {
    const mountFrom = random() < 0.5 ? { mountFrom: to === mirror ? repository : mirror } : {};
    const { digest, sent, refusals } = await pushImage(store, to, { ...pushing, texts: someTexts(), isSure: random() < 0.5, ...mountFrom });
    outcome.acknowledged.set(`${to}@${digest}`, ++order);
    outcome.sent += sent;
    outcome.refusals += refusals;
  };

  // Before it begins: images whose manifests are gone again, and a list of candidates that is old enough: blobs and their links.
  for (let count = 0; count < 6; count += 1) {
    const to = pick(repositories);
    const { digest } = await pushImage(outside, to, { ...pushing, texts: someTexts() });
    await removeSnapshots(outside.removal, to, [{ digest, tags: [], pins: [] }]);
  }
  pass(2 * graceMs);
  await outside.run();
  pass(graceMs + minuteMs * Math.floor(random() * 10));

  const pusher = async (store: CollectedStore): Promise<void> => {
    for (let round = 0; round < 4; round += 1) await ignoring(() => push(store, pick(repositories)));
  };
  const builder = async (store: CollectedStore): Promise<void> => {
    for (let round = 0; round < 2; round += 1)
      await ignoring(async () => {
        const digest = await publishChunks(await store.openWriter(), [[pick(texts)], [pick(texts)]], { takenAt: clock().toISOString() });
        outcome.acknowledged.set(`${repository}@${digest}`, ++order);
      });
  };
  const remover = async (store: CollectedStore): Promise<void> => {
    for (let round = 0; round < 60; round += 1) {
      await store.log.position();
      const known = pick([...outcome.acknowledged.keys()]);
      if (known === undefined || random() < 0.9) continue;
      const [of = '', digest = ''] = known.split('@');
      await ignoring(async () => {
        const begun = ++order;
        if (await store.catalog.removeManifest(of, digest as Digest)) outcome.removed.set(known, begun);
      });
    }
  };
  const collector = async (store: CollectedStore): Promise<void> => {
    for (let round = 0; round < 5; round += 1)
      await ignoring(async () => {
        const { kinds } = await store.run();
        outcome.freed += (kinds.blobs?.removed.count ?? 0) + (kinds.links?.removed.count ?? 0);
      });
  };
  const work = [pusher, pusher, pusher, builder, remover, collector, collector].map((act) => act(open(schedule.actor())));
  await schedule.run(work, {
    onStep() {
      pass(random() * minuteMs);
      if (random() < 0.03) pass(random() * longest);
    },
  });
  await Promise.all(work);

  // Every manifest that is there can be pulled whole, and what was acknowledged is there unless it was removed.
  const pulled = new Set<string>();
  for (const of of repositories) for (const digest of await pullByLinks(outside, of)) pulled.add(`${of}@${digest}`);
  for (const [of, at] of outcome.acknowledged) {
    if (outcome.removed.has(of)) continue;
    expect(pulled.has(of), `${of}, acknowledged as ${at}, of seed ${seed} is lost`).toBe(true);
  }

  // Later, alone, the collector frees everything else and nothing of that.
  for (let round = 0; round < 5; round += 1) {
    pass(2 * graceMs);
    await outside.run();
  }
  const left = new Set<string>();
  for (const of of repositories) for (const digest of await pullByLinks(outside, of)) left.add(`${of}@${digest}`);
  expect(left).toEqual(pulled);
  const named = new Set<string>();
  for (const of of repositories)
    for await (const { bytes } of outside.catalog.manifests(of))
      for (const digest of Buffer.from(bytes)
        .toString()
        .match(/sha256:[0-9a-f]{64}/g) ?? [])
        named.add(`links/${of}/@/${digest}`);
  const links = (await listOf(memory.list('links/'))).map(({ key }) => key);
  expect(links.filter((key) => !named.has(key))).toEqual([]);
  return outcome;
}

describe('interleaved at every storage operation, pushes, a build, deletions and two collectors', () => {
  const seeds = Array.from({ length: times(20, 100) }, (_, index) => index + 1);

  it.each([
    ['where pushes are shorter than the grace', 5000, graceMs / 4],
    ['where the clock jumps over the grace in the middle of everything', 6000, 5 * graceMs],
  ])('lose nothing %s', { timeout: 300_000 }, async (_when, first, longest) => {
    let [acknowledged, freed, sent, refusals, removed] = [0, 0, 0, 0, 0];
    for (const seed of seeds) {
      const outcome = await play(first + seed, { longest });
      acknowledged += outcome.acknowledged.size;
      freed += outcome.freed;
      sent += outcome.sent;
      refusals += outcome.refusals;
      removed += outcome.removed.size;
    }
    // Else the test would show nothing.
    expect(acknowledged).toBeGreaterThan(2 * seeds.length);
    expect(freed).toBeGreaterThan(seeds.length);
    expect(sent).toBeGreaterThan(seeds.length / 2);
    expect(refusals).toBeGreaterThan(seeds.length / 2);
    expect(removed).toBeGreaterThan(seeds.length / 2);
  });
});
