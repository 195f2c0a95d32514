import { afterAll, beforeAll, expect, test } from 'vitest';
import { isDebianAsRoot } from '../../scripts/debian.ts';
import type { NewerEngine } from '../../scripts/newer-engine.ts';
import type { RunningClient } from '../support/client-project.ts';
import { describeWithEngine } from '../support/engine.ts';
import { startSecondEngine } from '../support/second-engine.ts';
import { mysqlSource } from '../support/shop-data.ts';
import {
  createShopStack,
  directory,
  type LongRestore,
  publishLongRestore,
  push,
  type ShopStack,
  shopImages,
} from '../support/shop-stack.ts';

const canStart = await isDebianAsRoot();

/** Brings the stack up with `first`. @returns the snapshot `large`, whose restore takes long enough to be cut */
async function upWithLongRestore(stack: ShopStack): Promise<LongRestore> {
  await stack.publish('first', [mysqlSource({ customers: 2500, chunkRows: 1000 }), push, directory]);
  const large = await publishLongRestore(stack, 300_000);
  const up = await stack.client.run(['up', 'first']);
  expect(up.exitCode, up.stderr).toBe(0);
  return large;
}

describeWithEngine('an engine that ends in the middle', () => {
  let engine: NewerEngine;
  let stack: ShopStack;
  let large: LongRestore;

  beforeAll(async () => {
    if (!canStart) return;
    engine = await startSecondEngine(shopImages());
    stack = await createShopStack('dyn-data-test-restarted', engine.env);
    large = await upWithLongRestore(stack);
  });
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });
  const untilPrinted = async (client: RunningClient, words: string): Promise<void> => {
    let printed = '';
    client.child.stderr?.on('data', (text: string) => {
      printed += text;
    });
    await expect.poll(() => printed, { timeout: 120_000 }).toContain(words);
  };
  /** The engine is there again and starts nothing by itself. */
  const expectUnfinished = async (): Promise<void> => {
    expect(await stack.stateOf('db')).toMatchObject({ state: 'exited', snapshot: { state: 'unknown' } });
    expect(await stack.isRunning('reader')).toBe(false);
    const verified = await stack.client.run(['verify', '--restored']);
    expect(verified.exitCode, verified.stderr).not.toBe(0);
  };
  const expectToGoOn = async (marked: number): Promise<void> => {
    const up = await stack.client.run(['up']);
    expect(up.stderr).toContain('db: resumes: ');
    expect(up.exitCode, up.stderr).toBe(0);
    await large.expectWholeAndResumed(marked);
    expect(await stack.client.runJson(['verify', '--restored'])).toMatchObject({ restored: Array(3).fill({ state: 'same' }) });
  };

  test.runIf(canStart)('killed with its containers while up restores: up says so, and the next one goes on', async () => {
    const cut = await stack.client.start(['up', '--replace', 'large']);
    const marked = await large.markLoaded(cut);
    await engine.kill();
    const { exitCode, stderr } = await cut.ended;
    expect(stderr).toMatch(/error ENGINE_UNAVAILABLE: The Docker engine went away while the service \S+ was brought up\./);
    expect(stderr).toContain('Start the engine');
    expect(exitCode).toBe(5);
    const early = await stack.client.run(['up']);
    expect(early.stderr).toContain('error ENGINE_UNAVAILABLE: No Docker engine answers.');
    expect(early.exitCode).toBe(5);

    await engine.start();
    await expectUnfinished();
    await expectToGoOn(marked);
  });

  test.runIf(canStart)('restarted in order while up restores: likewise', async () => {
    const cut = await stack.client.start(['up', '--replace', 'large']);
    const marked = await large.markLoaded(cut);
    await engine.stop();
    await engine.start();
    const { exitCode, stderr } = await cut.ended;
    // Containers end before the engine does, which answers for a while yet.
    expect(stderr).toMatch(/error (?:ENGINE_UNAVAILABLE|ENGINE_FAILED|RESTORE_FAILED|SERVICE_UNHEALTHY): /);
    expect(stderr).toMatch(/run (?:the command|`dyn-data up`) again/);
    expect([5, 6]).toContain(exitCode);
    await expectUnfinished();
    await expectToGoOn(marked);
  });

  test.runIf(canStart)('killed while it pulls: the pull goes on when it is there again', async () => {
    const image = await stack.publish('later', [mysqlSource({ customers: 3000, chunkRows: 1000 }), push, directory]);
    const [layer] = JSON.parse(Buffer.from(image.imageManifest).toString()).layers;
    const bytes = image.blobs.get(layer.digest) ?? Buffer.alloc(0);
    let asked = 0;
    stack.registry.answer(`/v2/shop/blobs/${layer.digest}`, (_request, response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length });
      // The first time it comes to no end.
      if (asked === 1) response.write(bytes.subarray(0, bytes.length / 2));
      else response.end(bytes);
    });
    const pull = await stack.client.start(['pull', 'later']);
    await expect.poll(() => asked, { timeout: 60_000 }).toBe(1);
    await engine.kill();
    await untilPrinted(pull, 'The pull was interrupted: ');
    await engine.start();
    const pulled = await pull.ended;
    expect(pulled.exitCode, pulled.stderr).toBe(0);
    expect(asked).toBe(2);
    const up = await stack.client.run(['up', '--json']);
    expect(JSON.parse(up.stdout), up.stderr).toMatchObject({ digest: image.digest });
    expect(await stack.readerSaw()).toBe('3000');
  });
});

describeWithEngine('an engine that ends, and whose containers go on (live-restore)', () => {
  let engine: NewerEngine;
  let stack: ShopStack;
  let large: LongRestore;

  beforeAll(async () => {
    if (!canStart) return;
    engine = await startSecondEngine(shopImages(), { liveRestore: true });
    stack = await createShopStack('dyn-data-test-live', engine.env);
    large = await upWithLongRestore(stack);
  });
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  test.runIf(canStart)('killed while up restores: up says so, what runs counts as unfinished, and the next one goes on', async () => {
    const cut = await stack.client.start(['up', '--replace', 'large']);
    const marked = await large.markLoaded(cut);
    await engine.killAlone();
    const { exitCode, stderr } = await cut.ended;
    expect(stderr).toMatch(/error ENGINE_UNAVAILABLE: The Docker engine went away while the service \S+ was brought up\./);
    expect(exitCode).toBe(5);

    await engine.start();
    expect(await stack.stateOf('db')).toMatchObject({ state: 'running', snapshot: { state: 'restoring' } });
    expect(await stack.isRunning('reader')).toBe(false);
    const verified = await stack.client.run(['verify', '--restored']);
    expect(verified.exitCode, verified.stderr).toBe(6);
    await large.letEnd();
    const up = await stack.client.run(['up']);
    expect(up.stderr).toContain('db: resumes: ');
    expect(up.exitCode, up.stderr).toBe(0);
    await large.expectWholeAndResumed(marked);
    expect(await stack.client.runJson(['verify', '--restored'])).toMatchObject({ restored: Array(3).fill({ state: 'same' }) });
  });

  test.runIf(canStart)('killed while the stack is up: nothing is lost, and nothing is to do', async () => {
    await engine.killAlone();
    expect((await stack.client.run(['status'])).stderr).toContain('error ENGINE_UNAVAILABLE');
    await engine.start();
    const up = await stack.client.run(['up']);
    expect(up.exitCode, up.stderr).toBe(0);
    expect(up.stderr.match(/holds this snapshot already/g)?.length).toBe(3);
  });
});
