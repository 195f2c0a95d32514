import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithEngine } from '../support/engine.ts';
import { mysqlSource } from '../support/shop-data.ts';
import { createShopStack, directory, type LongRestore, publishLongRestore, push, type ShopStack } from '../support/shop-stack.ts';

const project = 'dyn-data-test-interrupted';

describeWithEngine('a restore that is interrupted', () => {
  let stack: ShopStack;
  let large: LongRestore;

  beforeAll(async () => {
    stack = await createShopStack(project);
    await stack.publish('first', [mysqlSource({ customers: 2500, chunkRows: 1000 }), push, directory]);
    large = await publishLongRestore(stack, 600_000);
    expect(await stack.client.run(['up', 'first'])).toMatchObject({ exitCode: 0 });
  });

  afterAll(() => stack[Symbol.asyncDispose]());

  test('goes on with what is not loaded when the client was killed', async () => {
    const killed = await stack.client.start(['up', 'large']);
    const marked = await large.markLoaded(killed);
    killed.child.kill('SIGKILL');
    await killed.ended;
    await large.letEnd();
    expect(await stack.helpers()).not.toBe('');
    expect(await stack.isRunning('reader')).toBe(false);
    expect(await stack.stateOf('db')).toMatchObject({ snapshot: { state: 'restoring', digest: large.image.digest } });

    const up = await stack.client.run(['up']);
    expect(up.stderr).toContain('db: an earlier restore was interrupted; restoring');
    expect(up.stderr).toMatch(/db: resumes: [0-3] of 3 tables are loaded already, in all [0-9.]+ MB of/);
    expect(up.exitCode).toBe(0);
    await large.expectWholeAndResumed(marked);
  });

  test('goes on with what is not loaded when the server was killed', async () => {
    const cut = await stack.client.start(['up', '--replace', 'large']);
    const marked = await large.markLoaded(cut);
    await stack.client.docker(['kill', '--signal', 'KILL', `${project}-db-1`]);
    const { exitCode, stderr } = await cut.ended;
    expect(stderr).toContain('error RESTORE_FAILED');
    expect(exitCode).toBe(6);

    const up = await stack.client.run(['up']);
    expect(up.stderr).toContain('db: resumes: ');
    expect(up.exitCode, up.stderr).toBe(0);
    await large.expectWholeAndResumed(marked);
  });

  test('another snapshot, or --replace, begins from scratch', async () => {
    const killed = await stack.client.start(['up', '--replace', 'large']);
    await large.markLoaded(killed);
    killed.child.kill('SIGKILL');
    await killed.ended;
    await large.letEnd();
    const other = await stack.client.run(['up', 'first']);
    expect(other.stderr).not.toContain('resumes: ');
    expect(other.exitCode, other.stderr).toBe(0);
    expect(await stack.mysql('SELECT COUNT(*) FROM shop.customers')).toEqual([['2500']]);
    expect(await stack.mysql("SHOW DATABASES LIKE 'dyn%'")).toEqual([['']]);
  });

  test('Ctrl-C ends with code 7, leaves no helper and is not taken for done', async () => {
    await stack.client.run(['pull', 'first']);
    const interrupted = await stack.client.start(['up', '--replace', 'large']);
    await large.untilLoading(interrupted);
    interrupted.child.kill('SIGINT');
    const { exitCode, stderr } = await interrupted.ended;
    expect(stderr).toContain('error CANCELLED: Interrupted.');
    expect(exitCode).toBe(7);
    expect(await stack.helpers()).toBe('');
    expect(await stack.stateOf('db')).toMatchObject({ snapshot: { state: 'restoring' } });
    expect(await stack.mysql('SELECT @@GLOBAL.local_infile')).toEqual([['0']]);
  });

  test('only one up at a time works in a project', async () => {
    const running = await stack.client.start(['up', 'large']);
    await large.untilLoading(running);
    const second = await stack.client.run(['down']);
    expect(second.stderr).toContain(`error CONFLICT: Another dyn-data command is at work in this project (process ${running.child.pid})`);
    expect(second.exitCode).toBe(4);
    expect((await running.ended).exitCode).toBe(0);
    expect(await stack.readerSaw()).toBe(String(large.customers));
  });
});
