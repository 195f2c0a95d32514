import { describe, expect, it } from 'vitest';
import type { Digest } from '../../../core/index.ts';
import { removeSnapshots } from '../../../storage/index.ts';
import { type CollectedStore, publishChunks, pullEverything, repository } from '../../support/collected-store.ts';
import { times } from '../../support/many-times.ts';
import { reachedBlobs } from '../../support/reached-blobs.ts';
import type { SteppedActor } from '../../support/stepped-objects.ts';
import { createPlay, graceMs, minuteMs, takeoverMs } from '../../support/stepped-play.ts';
import { listOf } from '../../support/stream-samples.ts';

const chunks = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

type Outcome = {
  readonly published: Map<Digest, number>;
  readonly removed: Map<Digest, number>;
  conflicts: number;
  tagged: number;
  freed: number;
};

/** Builds, retention, tags, pins and collectors at once over one store, interleaved at each storage operation as the seed says. */
async function play(seed: number, options: { readonly withKills: boolean; readonly longest: number }): Promise<Outcome> {
  const { memory, schedule, open, outside, clock, pass, random, pick, newId, isRefused } = createPlay(seed);
  let order = 0;
  const outcome: Outcome = { published: new Map(), removed: new Map(), conflicts: 0, tagged: 0, freed: 0 };
  const ignoring = async (work: () => Promise<void>): Promise<void> => {
    if (await isRefused(work)) outcome.conflicts += 1;
  };
  const layerOf = (): string[] => Array.from({ length: 1 + Math.floor(random() * 2) }, () => pick(chunks));
  const published = (): Digest[] => [...outcome.published.keys()];

  // Before it begins: some snapshots, half of them removed, and a list of candidates that is old enough.
  for (let count = 0; count < 6; count += 1) {
    const ports = await outside.openWriter();
    const digest = await publishChunks(ports, [layerOf(), layerOf()], { takenAt: clock().toISOString() });
    outcome.published.set(digest, ++order);
    if (count % 2 === 0) continue;
    await removeSnapshots(outside.removal, repository, [{ digest, tags: [], pins: [] }]);
    outcome.removed.set(digest, ++order);
  }
  pass(2 * graceMs);
  await outside.run();
  pass(graceMs + minuteMs * Math.floor(random() * 10));

  const builder = async (store: CollectedStore, name: string): Promise<void> => {
    for (let round = 0; round < 3; round += 1) {
      await ignoring(async () => {
        const tag = random() < 0.5 ? `${name}-${round}` : undefined;
        const ports = await store.openWriter();
        const digest = await publishChunks(ports, [layerOf(), layerOf()], { takenAt: clock().toISOString(), ...(tag ? { tag } : {}) });
        outcome.published.set(digest, ++order);
      });
    }
  };
  const remover = async (store: CollectedStore): Promise<void> => {
    for (let round = 0; round < 8; round += 1) {
      await store.log.position();
      const digest = pick(published());
      if (!digest) continue;
      await ignoring(async () => {
        const tags: string[] = [];
        for await (const tag of store.catalog.tags(repository))
          if (tag.digest === digest && !tag.tag.startsWith('kept')) tags.push(tag.tag);
        const takenAt = (await store.catalog.snapshot(repository, digest))?.provenance.takenAt;
        const begun = ++order;
        const [removal] = await removeSnapshots(store.removal, repository, [{ digest, tags, pins: [], ...(takenAt ? { takenAt } : {}) }]);
        // What was published again after the removal had begun must have been seen by it.
        if (removal?.fate === 'removed') outcome.removed.set(digest, begun);
      });
    }
  };
  const tagger = async (store: CollectedStore): Promise<void> => {
    for (let round = 0; round < 6; round += 1) {
      await store.log.position();
      const digest = pick(published());
      if (!digest) continue;
      await ignoring(async () => {
        if (random() < 0.5) await store.catalog.moveTag(repository, `kept-${round}`, digest);
        else await store.pins.put({ version: 1, id: newId(), repository, digest, by: 'qa', why: 'test', createdAt: clock().toISOString() });
        outcome.tagged += 1;
      });
    }
  };
  const collector = async (store: CollectedStore): Promise<void> => {
    for (let round = 0; round < 6; round += 1) {
      await ignoring(async () => {
        const { kinds } = await store.run();
        outcome.freed += kinds.blobs?.removed.count ?? 0;
      });
    }
  };

  const actors = Array.from({ length: 6 }, () => schedule.actor());
  const [first, second, third, fourth, fifth, sixth] = actors as [
    SteppedActor,
    SteppedActor,
    SteppedActor,
    SteppedActor,
    SteppedActor,
    SteppedActor,
  ];
  const work = [
    builder(open(first), 'one'),
    builder(open(second), 'two'),
    remover(open(third)),
    tagger(open(fourth)),
    collector(open(fifth)),
    collector(open(sixth)),
  ];
  const killAt = 50 + Math.floor(random() * 600);
  await schedule.run(work, {
    onStep(step) {
      pass(random() * minuteMs);
      if (random() < 0.03) pass(random() * options.longest);
      if (options.withKills && step === killAt) pick([first, fifth, sixth, third]).kill();
    },
  });
  if (!options.withKills) await Promise.all(work);

  // Nothing that can be seen is broken, and nothing that was acknowledged is lost.
  const seen = await pullEverything(outside);
  for (const [digest, at] of outcome.published) {
    const removedAt = outcome.removed.get(digest);
    if (!options.withKills && (removedAt === undefined || removedAt < at)) {
      expect(removedAt !== undefined || seen.has(digest), `${digest} of seed ${seed} is lost`).toBe(true);
    }
  }

  // Later, alone, the collector takes over what a killed one left, and frees everything else.
  pass(2 * takeoverMs);
  for (let round = 0; round < 3; round += 1) {
    pass(2 * graceMs);
    await outside.run();
  }
  expect(await pullEverything(outside)).toEqual(seen);
  const stored = (await listOf(memory.list('blobs/'))).map(({ key }) => key.slice('blobs/sha256/'.length)).sort();
  expect(stored, `what is left of seed ${seed}`).toEqual([...(await reachedBlobs(outside))].sort());
  return outcome;
}

describe('interleaved at every storage operation, builds, removals, tags, pins and two collectors', () => {
  const seeds = Array.from({ length: times(15, 60) }, (_, index) => index + 1);

  it('lose nothing where builds are shorter than the grace', { timeout: 300_000 }, async () => {
    let [published, freed] = [0, 0];
    for (const seed of seeds) {
      const outcome = await play(seed, { withKills: false, longest: graceMs / 4 });
      published += outcome.published.size;
      freed += outcome.freed;
    }
    expect(published).toBeGreaterThan(seeds.length);
    expect(freed).toBeGreaterThan(seeds.length / 3);
  });

  it('lose nothing where the clock jumps over the grace in the middle of everything', { timeout: 300_000 }, async () => {
    let [conflicts, freed, tagged] = [0, 0, 0];
    for (const seed of seeds) {
      const outcome = await play(1000 + seed, { withKills: false, longest: 5 * graceMs });
      conflicts += outcome.conflicts;
      freed += outcome.freed;
      tagged += outcome.tagged;
    }
    // Else the test would show nothing: there were removals, and writers who were told of them.
    expect(freed).toBeGreaterThan(seeds.length / 3);
    expect(conflicts).toBeGreaterThan(seeds.length / 3);
    expect(tagged).toBeGreaterThan(seeds.length / 3);
  });

  it('lose nothing, and leave nothing behind for ever, where one of them is killed', { timeout: 300_000 }, async () => {
    for (const seed of seeds) await play(2000 + seed, { withKills: true, longest: 5 * graceMs });
  });
});
