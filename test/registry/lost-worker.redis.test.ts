import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { routePath, routes } from '../../core/index.ts';
import { times } from '../support/many-times.ts';
import { createBuild, endOf, eventsOf, type Member, openProduction, overlaps, type Production } from '../support/production.ts';
import { describeWithRedis } from '../support/redis-server.ts';

const stageMs = 400;
const startingMs = 120_000;

describeWithRedis('a builder that is lost', () => {
  let production: Production;
  let registry: Member;
  let builders: Member[];
  /** When which process was killed. */
  const killedAt = new Map<number, number>();

  beforeAll(async () => {
    // Neither it nor a third of it is a whole number of milliseconds, which is all that Redis takes.
    production = await openProduction({ leaseSeconds: 6.0005 });
    [registry, ...builders] = (await Promise.all([
      production.startRegistry(),
      production.startBuilder(stageMs),
      production.startBuilder(stageMs),
    ])) as [Member, Member, Member];
  }, startingMs);
  afterAll(async () => {
    await production?.[Symbol.asyncDispose]();
  });

  /** The builder whose build has reached this stage, for the first time after `from` lines. */
  const builderAt = async (stage: string, from: number): Promise<Member> => {
    let pid = 0;
    const reached = async (): Promise<boolean> => {
      const line = (await production.witnessed()).slice(from).find(({ event }) => event === stage);
      pid = line?.pid ?? 0;
      return line !== undefined;
    };
    await expect.poll(reached, { interval: 10, timeout: 30_000 }).toBe(true);
    const builder = builders.find((member) => member.pid === pid);
    if (!builder) throw new Error(`The process ${pid} is no builder of this test.`);
    return builder;
  };
  const digestOfTag = async (tag: string): Promise<string> => {
    const answer = await fetch(`${registry.url}${routePath(routes.showTag.path, { repository: 'team/a', tag })}`);
    return routes.showTag.answer.parse(await answer.json()).digest;
  };

  const stages = ['extract', 'publish', 'connect', 'plan', 'bake'];
  it.each(stages.slice(0, times(1, stages.length)))(
    'by SIGKILL at the stage "%s" has its build done by another one, never by both at once',
    async (stage) => {
      const from = (await production.witnessed()).length;
      const { id } = await createBuild(registry.url, 'a', `killed-at-${stage}`);
      const lost = await builderAt(stage, from);
      await lost.end('SIGKILL');
      killedAt.set(lost.pid, Date.now());
      const replaced = production.startBuilder(stageMs);
      const ended = await endOf(registry.url, id, 100_000);
      builders = [...builders.filter((member) => member !== lost), await replaced];
      expect(ended).toMatchObject({ state: 'succeeded', attempts: 2 });
      expect(await digestOfTag(`killed-at-${stage}`)).toBe(ended.digest);
      const events = (await eventsOf(registry.url, id)).filter((event) => event !== 'step').join(' ');
      // Whether the other one comes before the lost one's lease has run out is a matter of moments.
      expect(events).toMatch(/^created started (?:waiting )?worker-lost started succeeded$/);
      const lines = (await production.witnessed()).slice(from);
      expect(lines.filter(({ event }) => event === 'begin')).toHaveLength(2);
      expect(overlaps(lines, killedAt)).toEqual([]);
    },
  );

  it('for a while, as a machine that was suspended, publishes nothing when it comes back', async () => {
    const from = (await production.witnessed()).length;
    const { id } = await createBuild(registry.url, 'a', 'suspended');
    const lost = await builderAt('bake', from);
    lost.child.kill('SIGSTOP');
    const ended = await endOf(registry.url, id, 60_000);
    expect(ended).toMatchObject({ state: 'succeeded', attempts: 2 });
    lost.child.kill('SIGCONT');
    await expect
      .poll(async () => (await production.witnessed()).slice(from).some(({ pid, event }) => pid === lost.pid && event === 'end'), {
        timeout: 20_000,
      })
      .toBe(true);
    const published = (await production.witnessed()).slice(from).filter(({ event }) => event === 'published');
    expect(published.map(({ pid }) => pid)).toEqual(builders.filter((member) => member !== lost).map(({ pid }) => pid));
    expect(await endOf(registry.url, id)).toEqual(ended);
  });

  it('by SIGTERM gives its build back, which counts as no failure', async () => {
    const from = (await production.witnessed()).length;
    const { id } = await createBuild(registry.url, 'a', 'stopped');
    const stopped = await builderAt('extract', from);
    await stopped.end('SIGTERM');
    expect(stopped.child.exitCode).toBe(0);
    const ended = await endOf(registry.url, id, 60_000);
    expect(ended).toMatchObject({ state: 'succeeded', attempts: 2 });
    expect((await eventsOf(registry.url, id)).filter((event) => event !== 'step')).toEqual([
      'created',
      'started',
      'handed-back',
      'started',
      'succeeded',
    ]);
    await sleep(100);
    expect(overlaps((await production.witnessed()).slice(from))).toEqual([]);
  });
});
