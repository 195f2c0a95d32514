import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDice } from '../../sample/dice.ts';
import { describeWithEngine } from '../support/engine.ts';
import { mysqlSource } from '../support/shop-data.ts';
import { createShopStack, directory, type LongRestore, publishLongRestore, push, type ShopStack } from '../support/shop-stack.ts';

const project = 'dyn-data-test-killed';
/** `DYN_DATA_SEED` repeats a run, `DYN_DATA_MOMENTS` is how often a command is killed. */
const seed = Number(process.env.DYN_DATA_SEED ?? Date.now() % 1_000_000);
const moments = Number(process.env.DYN_DATA_MOMENTS ?? 20);
const customers = 100_000;
const die = createDice(seed).die('moments');
const share = (index: number): number => die(index) / 2 ** 32;

/** What is there when a command begins that will be killed. */
const situations = {
  'pull without the image': ['pull', 'large'],
  'up into an empty stack': ['up', 'large'],
  'up over another snapshot': ['up', 'large'],
  'up once more, from scratch': ['up', '--replace', 'large'],
} as const;
type Situation = keyof typeof situations;
const names = Object.keys(situations) as Situation[];

describeWithEngine(`kill -9 at ${moments} random moments of pull and up, DYN_DATA_SEED=${seed}`, () => {
  let stack: ShopStack;
  let large: LongRestore;

  beforeAll(async () => {
    stack = await createShopStack(project);
    await stack.publish('other', [mysqlSource({ customers: 10, chunkRows: 5 }), push, directory]);
    large = await publishLongRestore(stack, customers);
    await succeed('up', 'large');
    // One time after the other, so that each finds what it begins with.
    for (const situation of names) {
      await prepare(situation);
      const startedMs = performance.now();
      const { ended } = await stack.client.start(situations[situation]);
      expect((await ended).exitCode).toBe(0);
      wholeMs.set(situation, performance.now() - startedMs);
    }
  });
  afterAll(() => stack[Symbol.asyncDispose]());

  const succeed = async (...args: string[]): Promise<string> => {
    const { exitCode, stderr } = await stack.client.run(args);
    expect(exitCode, `${args.join(' ')}: ${stderr}`).toBe(0);
    return stderr;
  };
  const prepare = async (situation: Situation): Promise<void> => {
    if (situation === 'pull without the image') {
      await stack.client.docker(['image', 'rm', `${stack.registry.host}/shop@${large.image.digest}`]);
    } else if (situation === 'up into an empty stack') await succeed('down', '-v');
    else if (situation === 'up over another snapshot') await succeed('up', 'other');
  };
  /** How long each takes when nothing disturbs it, as far as is known by then. */
  const wholeMs = new Map<Situation, number>();

  /** At a random moment of its time; where it has ended by then, it is begun anew. @returns how long it ran */
  const kill = async (situation: Situation, index: number): Promise<number> => {
    for (let attempt = 0; ; attempt += 1) {
      await prepare(situation);
      const startedMs = performance.now();
      const command = await stack.client.start(situations[situation]);
      await Promise.race([sleep(share(index + attempt * moments) * (wholeMs.get(situation) ?? 0)), command.ended]);
      const tookMs = performance.now() - startedMs;
      command.child.kill('SIGKILL');
      const { exitCode, stderr } = await command.ended;
      if (exitCode === null) return tookMs;
      expect(exitCode, `it ended by itself, and not well: ${stderr}`).toBe(0);
      wholeMs.set(situation, tookMs);
    }
  };

  test.each(Array.from({ length: moments }, (_item, index) => index))(
    'moment %i: the next up ends in a verified environment',
    async (index) => {
      const situation = names[index % names.length] as Situation;
      const killedMs = await kill(situation, index);
      const told = await succeed('up', 'large');
      await succeed('verify', '--restored');
      expect(await stack.helpers()).toBe('');
      expect(await stack.readerSaw()).toBe(String(customers));
      const how = /resumes|interrupted|another snapshot|restoring/.exec(told)?.[0] ?? 'nothing to restore';
      console.log(`moment ${index}: ${situation}, killed after ${(killedMs / 1_000).toFixed(2)} s; then: ${how}`);
    },
  );
});
