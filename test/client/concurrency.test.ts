import { spawnSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { inParallel } from '../../client/in-parallel.ts';
import { lockProject } from '../../client/lock.ts';
import { createRunner } from '../../client/process.ts';
import { openProject } from '../../client/project.ts';
import { createStarter } from '../../client/starter.ts';
import { createClientProject } from '../support/client-project.ts';

const isAlive = (pid: number): boolean => spawnSync('kill', ['-0', String(pid)]).status === 0;
const self = { pid: process.pid, host: 'here', isAlive };

describe('the lock of a project', () => {
  const lockFile = async (content: string | undefined) => {
    const files = await createClientProject({ registry: 'http://127.0.0.1:1' });
    const project = await openProject({ folder: files.folder, configFile: undefined, env: {} });
    await (await lockProject(project, self))[Symbol.asyncDispose]();
    const path = join(project.stateFolder, 'lock');
    if (content !== undefined) await writeFile(path, content);
    return { files, project, path };
  };

  test('is held by one process at a time and released', async () => {
    const { files, project, path } = await lockFile(undefined);
    const lock = await lockProject(project, self);
    await expect(lockProject(project, { ...self, pid: process.pid + 1 })).rejects.toMatchObject({ code: 'CONFLICT', exitCode: 4 });
    await lock[Symbol.asyncDispose]();
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await files[Symbol.asyncDispose]();
  });

  test('of a process that died is taken over; of another machine it is not', async () => {
    const { pid } = spawnSync('true');
    const { files, project, path } = await lockFile(`${JSON.stringify({ pid, host: 'here' })}\n`);
    const lock = await lockProject(project, self);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ pid: process.pid, host: 'here' });
    await lock[Symbol.asyncDispose]();
    await writeFile(path, JSON.stringify({ pid, host: 'elsewhere' }));
    await expect(lockProject(project, self)).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('on elsewhere') });
    await rm(path);
    await writeFile(path, '{');
    await (await lockProject(project, self))[Symbol.asyncDispose]();
    await files[Symbol.asyncDispose]();
  });
});

test('compose is asked once for all services that are ready at the same moment, and never twice at once', async () => {
  const calls: (readonly string[])[] = [];
  let running = 0;
  const start = createStarter({
    async start(services) {
      running += 1;
      expect(running).toBe(1);
      calls.push(services);
      await sleep(20);
      running -= 1;
      if (services.includes('broken')) throw new Error('broken');
    },
  });
  const first = Promise.all([start('b'), start('a')]);
  await sleep(5);
  const second = Promise.allSettled([start('broken'), start('c')]);
  await first;
  expect((await second).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await start('d');
  expect(calls).toEqual([['a', 'b'], ['broken', 'c'], ['d']]);
});

test('parallel work keeps its bound, and its first failure ends the others and is what is thrown', async () => {
  let most = 0;
  let running = 0;
  const seen: number[] = [];
  const work = inParallel([1, 2, 3, 4, 5], 2, async (item, signal) => {
    seen.push(item);
    running += 1;
    most = Math.max(most, running);
    await sleep(item === 3 ? 5 : 10).then(() => {
      if (item === 3) throw new Error('three');
    });
    if (item === 2) await sleep(1000, undefined, { signal }).catch(() => undefined);
    running -= 1;
  });
  await expect(work).rejects.toThrow('three');
  expect(most).toBe(2);
  expect(seen).toEqual([1, 2, 3]);
});

describe('child processes', () => {
  const interrupted = new AbortController();
  const runner = createRunner({ env: { PATH: process.env.PATH }, signal: interrupted.signal });

  test('are fed with back-pressure and say how they ended', async () => {
    let given = 0;
    async function* input(): AsyncGenerator<Uint8Array> {
      for (; given < 50; given += 1) yield new Uint8Array(1_000_000);
    }
    const counted = await runner.run('sh', ['-c', 'sleep 0.3; wc -c; exit 3'], { input: input() });
    expect(counted).toMatchObject({ exitCode: 3, stdout: expect.stringContaining('50000000') });
    expect(await runner.run('no-such-command', [])).toMatchObject({ exitCode: 127 });
    const early = await runner.run('sh', ['-c', 'exit 4'], { input: input() });
    expect(early.exitCode).toBe(4);
  });

  test('are waited for, and not their input: it may wait for what they say', async () => {
    const silent = new PassThrough();
    const ended = await runner.run('sh', ['-c', 'exit 5'], { input: silent });
    expect(ended.exitCode).toBe(5);
    silent.destroy();
  });

  test('end when their input fails, with the error of the input', async () => {
    async function* input(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw new Error('input is broken');
    }
    await expect(runner.run('sleep', ['60'], { input: input() })).rejects.toThrow('input is broken');
  });

  test('end on an interruption, except those that clean up', async () => {
    const long = runner.run('sleep', ['60']);
    setTimeout(() => interrupted.abort(), 50);
    await expect(long).rejects.toMatchObject({ code: 'CANCELLED', exitCode: 7 });
    await expect(runner.run('true', [])).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await runner.run('echo', ['clean'], { despiteInterruption: true, timeoutMs: 5000 })).toMatchObject({
      exitCode: 0,
      stdout: 'clean\n',
    });
  });
});
