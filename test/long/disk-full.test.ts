import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isDebianAsRoot } from '../../scripts/debian.ts';
import type { NewerEngine } from '../../scripts/newer-engine.ts';
import { runOrFail } from '../../scripts/run-command.ts';
import type { DataImage, SourceContent } from '../support/data-image.ts';
import { describeWithEngine } from '../support/engine.ts';
import { startSecondEngine } from '../support/second-engine.ts';
import { ldapSource, mysqlSource, postgresSource } from '../support/shop-data.ts';
import { createShopStack, directory, push, type ShopStack, shopImages } from '../support/shop-stack.ts';

const mebibyte = 1024 * 1024;
const canStart = await isDebianAsRoot();
/** In memory, so only what is used of it takes room. */
const diskBytes = 4096 * mebibyte;
const [customers, people, installations] = [300_000, 20_000, 60_000];

/** Rows that no compression makes smaller than half. */
function incompressible(): SourceContent {
  const source = postgresSource({ installations });
  const hexOf = (line: string): string => `${line.split('\t')[0]}\t${randomBytes(200).toString('hex')}\t\\\\x00ff`;
  return {
    ...source,
    tables: source.tables.map((table) => ({
      ...table,
      chunks: table.chunks.map((chunk) => ({ ...chunk, text: `${chunk.text.trimEnd().split('\n').map(hexOf).join('\n')}\n` })),
    })),
  };
}

describeWithEngine('a disk that becomes full', () => {
  let disk = '';
  let engine: NewerEngine;
  let stack: ShopStack;
  let big: DataImage;

  const resize = (bytes: number): Promise<string> =>
    runOrFail('Giving the disk another size', 'mount', ['-o', `remount,size=${bytes}`, disk]);
  const leave = async (bytes: number): Promise<void> => {
    const { blocks, bfree, bsize } = await statfs(disk);
    await resize((blocks - bfree) * bsize + bytes);
  };
  const makeRoom = (): Promise<string> => resize(diskBytes);
  const expectVerified = async (): Promise<void> => {
    const up = await stack.client.run(['up', '--json']);
    expect(up.exitCode, up.stderr).toBe(0);
    expect(JSON.parse(up.stdout)).toMatchObject({ digest: big.digest });
    expect(await stack.client.runJson(['verify', '--restored'])).toMatchObject({ restored: Array(3).fill({ state: 'same' }) });
    expect(await stack.readerSaw()).toBe(String(customers));
    expect(await stack.helpers()).toBe('');
  };

  beforeAll(async () => {
    if (!canStart) return;
    disk = await mkdtemp(join(tmpdir(), 'dyn-data-disk-'));
    await runOrFail('Mounting a small disk', 'mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'dyn-data-test', disk]);
    engine = await startSecondEngine(shopImages(), { dataRoot: join(disk, 'docker') });
    stack = await createShopStack('dyn-data-test-full', engine.env);
    await stack.publish('first', [mysqlSource({ customers: 2500, chunkRows: 1000 }), push, directory]);
    big = await stack.publish('big', [mysqlSource({ customers, chunkRows: 10_000 }), incompressible(), ldapSource({ people })]);
    const up = await stack.client.run(['up', 'first']);
    expect(up.exitCode, up.stderr).toBe(0);
  });
  afterAll(async () => {
    if (disk === '') return;
    await makeRoom();
    await stack?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
    await runOrFail('Unmounting the small disk', 'umount', [disk]);
    await rm(disk, { recursive: true });
  });

  test.runIf(canStart)('of the engine while it pulls: pull says so at once, and works when there is room', async () => {
    await leave(6 * mebibyte);
    const full = await stack.client.run(['pull', 'big']);
    expect(full.stderr).toMatch(/error DISK_FULL: docker pull \S+ failed, because the disk of the Docker engine is full\. Make room there/);
    expect(full.stderr).toContain(disk);
    expect(full.stderr).not.toContain('Trying again');
    expect(full.exitCode).toBe(5);
    await makeRoom();
    const pulled = await stack.client.run(['pull', 'big']);
    expect(pulled.exitCode, pulled.stderr).toBe(0);
  });

  test.runIf(canStart).each([
    ['push-db', '/var/lib/postgresql'],
    ['db', '/var/lib/mysql'],
    ['directory', '/var/lib/ldap'],
  ])('of %s while it is restored: up says so, and goes on when there is room', async (service, folder) => {
    await leave(12 * mebibyte);
    const full = await stack.client.run(['restore', 'big', '--service', service, '--yes']);
    expect(full.stderr).toContain(`error DISK_FULL: The disk that the service ${service} keeps its data on is full. Make room there`);
    expect(full.stderr).toMatch(new RegExp(`^ {2}${service} has ${folder} on (?:the volume \\S+ \\()?${disk}`, 'm'));
    expect(full.exitCode).toBe(5);
    expect(await stack.stateOf(service)).not.toMatchObject({ snapshot: { state: 'restored' } });
    await makeRoom();
    await expectVerified();
    expect((await stack.client.run(['up', '--replace', 'first'])).exitCode).toBe(0);
    expect((await stack.client.run(['pull', 'big'])).exitCode).toBe(0);
  });

  test.runIf(canStart)('while up restores all of them', async () => {
    await leave(24 * mebibyte);
    const full = await stack.client.run(['up', '--replace']);
    // A server that cannot write, or the engine that cannot make a container: whichever is first.
    expect(full.stderr).toMatch(/error DISK_FULL: .*(?:service \S+ keeps its data on|Docker engine) is full\. Make room there/);
    expect(full.exitCode).toBe(5);
    expect(await stack.isRunning('reader')).toBe(false);
    const again = await stack.client.run(['up']);
    expect(again.stderr).toContain('error DISK_FULL');
    await makeRoom();
    await expectVerified();
  });
});
