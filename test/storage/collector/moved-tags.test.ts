import { describe, expect, it } from 'vitest';
import { DynDataError } from '../../../core/index.ts';
import { publishChunks, repository } from '../../support/collected-store.ts';
import { times } from '../../support/many-times.ts';
import { createPlay, graceMs } from '../../support/stepped-play.ts';
import { listOf } from '../../support/stream-samples.ts';

const isDone = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    (error: unknown) => {
      if (error instanceof DynDataError && error.code === 'CONFLICT') return false;
      throw error;
    },
  );

/** A store with two snapshots, a tag `prod` of the first one, and an actor for each who works on it, interleaved as the seed says. */
async function openPlay(seed: number) {
  const { memory, schedule, open, outside, clock, pass } = createPlay(seed);
  const publish = async (chunk: string, tag?: string) =>
    publishChunks(await outside.openWriter(), [[chunk]], { takenAt: clock().toISOString(), ...(tag === undefined ? {} : { tag }) });
  const [from, to] = [await publish('a', 'prod'), await publish('b')];
  const run = async (...work: Promise<unknown>[]): Promise<void> => {
    await schedule.run(work, { onStep: () => pass(1000) });
    await Promise.all(work);
  };
  return { from, to, outside, pass, actor: () => open(schedule.actor()), run, tagKeys: () => listOf(memory.list('tags/')) };
}

describe('a tag that somebody moves, interleaved at every storage operation', () => {
  const seeds = Array.from({ length: times(200, 2000) }, (_, index) => index + 1);

  it('stays where it was moved to though the snapshot that it named before is removed', async () => {
    for (const seed of seeds) {
      const { from, to, outside, actor, run } = await openPlay(seed);
      const [remover, mover] = [actor(), actor()];
      const move = async (): Promise<void> => {
        for (let wait = 0; wait < seed % 10; wait += 1) await mover.log.position();
        // Without the look at the log of sweeps too, which would notice that the tag has gone.
        await (seed % 2 === 0 ? mover.catalog : mover.removal.catalog).moveTag(repository, 'prod', to);
      };
      await run(remover.catalog.removeManifest(repository, from), move());
      expect((await outside.catalog.tag(repository, 'prod'))?.digest, `seed ${seed}`).toBe(to);
      expect(await outside.catalog.manifest(repository, from)).toBeUndefined();
    }
  });

  it('is removed by another, on the condition that it was not moved, or moved, and never both', async () => {
    const wins = { removed: 0, moved: 0 };
    for (const seed of seeds) {
      const { to, outside, actor, run } = await openPlay(seed);
      const expected = await outside.catalog.tag(repository, 'prod');
      if (!expected) throw new Error('The tag is missing');
      const remover = actor();
      const remove = async (): Promise<void> => {
        // As many operations as come before the mover's write.
        for (let wait = 0; wait < 3; wait += 1) await remover.log.position();
        await remover.catalog.removeTag(repository, 'prod', { expected });
      };
      const removed = isDone(remove());
      const moved = isDone(actor().catalog.moveTag(repository, 'prod', to, { expected }));
      await run(removed, moved);
      expect([await removed, await moved].filter(Boolean), `seed ${seed}`).toHaveLength(1);
      expect((await outside.catalog.tag(repository, 'prod'))?.digest, `seed ${seed}`).toBe((await moved) ? to : undefined);
      wins[(await moved) ? 'moved' : 'removed'] += 1;
    }
    expect(Math.min(wins.removed, wins.moved)).toBeGreaterThan(seeds.length / 10);
  });

  it('is there though the collector takes away what was left of its removal', async () => {
    let meetings = 0;
    for (const seed of seeds) {
      const { to, outside, pass, actor, run } = await openPlay(seed);
      const expected = await outside.catalog.tag(repository, 'prod');
      if (!expected) throw new Error('The tag is missing');
      await outside.catalog.removeTag(repository, 'prod', { expected });
      pass(2 * graceMs);
      const [mover, collector] = [actor(), actor()];
      const move = async (): Promise<void> => {
        // Until it is being taken away, or nearly.
        const isLate = seed % 4 < 2;
        for (let polls = 0; polls < 200; polls += 1) {
          const { isOpen, number } = await mover.log.position();
          if (isOpen) meetings += 1;
          if (isOpen || number > 0 || (!isLate && polls > seed % 40)) break;
        }
        await mover.catalog.moveTag(repository, 'prod', to, seed % 2 === 0 ? {} : { expected: 'absent' });
      };
      await run(move(), isDone(collector.run()));
      expect((await outside.catalog.tag(repository, 'prod'))?.digest, `seed ${seed}`).toBe(to);
    }
    expect(meetings).toBeGreaterThan(seeds.length / 10);
  });

  it('leaves nothing for ever once it was removed', async () => {
    const { outside, pass, tagKeys } = await openPlay(1);
    const expected = await outside.catalog.tag(repository, 'prod');
    if (!expected) throw new Error('The tag is missing');
    await outside.catalog.removeTag(repository, 'prod', { expected });
    await outside.run();
    expect(await tagKeys()).toHaveLength(1);
    pass(2 * graceMs);
    await outside.run(true);
    expect(await tagKeys()).toHaveLength(1);
    await outside.run();
    expect(await tagKeys()).toEqual([]);
  });
});
