import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readToken, saveToken } from '../../client/credentials.ts';
import { lockProject } from '../../client/lock.ts';
import { openProject } from '../../client/project.ts';
import { unwritable } from '../../client/unwritable.ts';
import { writeNew, writeWhole } from '../../client/writing.ts';
import { runOrFail } from '../../scripts/run-command.ts';
import { bundledClient, clientBundle } from '../support/client-bundle.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';

test('what cannot be written is told with what to do, and a defect is not taken for that', () => {
  expect(unwritable('/p/f', { code: 'EDQUOT' })).toMatchObject({
    code: 'DISK_FULL',
    exitCode: 5,
    message: expect.stringContaining('/p/f'),
  });
  expect(unwritable('/p/f', { code: 'EROFS' })).toMatchObject({ code: 'ACCESS_DENIED', exitCode: 4 });
  for (const cause of [{ code: 'EISDIR' }, new Error('no code')]) expect(unwritable('/p/f', cause)).toBeUndefined();
});

const hasFullDevice = await access('/dev/full', constants.W_OK).then(
  () => true,
  () => false,
);
describe.runIf(hasFullDevice)('a full disk under a redirection', () => {
  const client = (redirected: string) =>
    spawnSync('sh', ['-c', `"$0" "$1" ${redirected}`, process.execPath, clientBundle], { encoding: 'utf8' });
  beforeAll(() => bundledClient());

  test('of the results is an error', () => {
    expect(client('version > /dev/full')).toMatchObject({ status: 5, stderr: expect.stringContaining('error DISK_FULL: ') });
    const { status, stderr } = client('version --json > /dev/full');
    expect([status, JSON.parse(stderr)]).toEqual([5, { error: expect.objectContaining({ code: 'DISK_FULL', exitCode: 5 }) }]);
  });
  test('of what is told meanwhile changes nothing', () => {
    expect(client('nothing-of-that-name 2> /dev/full')).toMatchObject({ status: 2, stdout: '' });
  });
});

describe.runIf(process.getuid?.() === 0)('a full disk', () => {
  let disk: string;
  const size = 256 * 1024;
  const page = 4096;
  const resize = (bytes: number): Promise<string> =>
    runOrFail('Giving the disk another size', 'mount', ['-o', `remount,size=${bytes}`, disk]);
  const leave = async (bytes: number): Promise<void> => {
    const { blocks, bfree, bsize } = await statfs(disk);
    await resize((blocks - bfree) * bsize + bytes);
  };
  const full = { code: 'DISK_FULL' };

  beforeAll(async () => {
    disk = await mkdtemp(join(tmpdir(), 'dyn-data-disk-'));
    await runOrFail('Mounting a small disk', 'mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'dyn-data-test', disk]);
  });
  afterAll(async () => {
    await runOrFail('Unmounting the small disk', 'umount', [disk]);
    await rm(disk, { recursive: true });
  });

  test('leaves files as they were, and no half ones', async () => {
    const file = join(disk, 'file');
    await writeWhole(file, 'before');
    await leave(page);
    await expect(writeWhole(file, 'x'.repeat(3 * page))).rejects.toMatchObject(full);
    await expect(writeNew(join(disk, 'new'), 'x'.repeat(3 * page))).rejects.toMatchObject(full);
    await expect(writeNew(file, 'x')).rejects.toMatchObject({ code: 'EEXIST' });
    expect([await readdir(disk), await readFile(file, 'utf8')]).toEqual([['file'], 'before']);
    await resize(size);
    await rm(file);
  });

  test('takes no token away, and keeps no half one', async () => {
    const env = { XDG_CONFIG_HOME: disk };
    await saveToken(env, 'http://a.test', 'one');
    await leave(0);
    await expect(saveToken(env, 'http://b.test', 'two')).rejects.toMatchObject(full);
    expect(await readdir(join(disk, 'dyn-data'))).toEqual(['credentials.json']);
    expect(await readToken(env, 'http://a.test')).toBe('one');
    await resize(size);
    await rm(join(disk, 'dyn-data'), { recursive: true });
  });

  test('leaves nothing of an init that would be in the way of the next', async () => {
    const folder = join(disk, 'project');
    await mkdir(folder);
    await writeFile(join(folder, 'compose.yaml'), 'services: { mysql: { image: mysql } }\n');
    const args = ['init', '--registry', 'http://127.0.0.1:1', '--repository', 'shop'];
    const init = () => runOnTerminal(args, { folder, columns: undefined, env: { PATH: '', XDG_CONFIG_HOME: disk }, typed: '' });
    // The first of the two files has room.
    await leave(page);
    expect(await init()).toMatchObject({ exitCode: 5, stderr: expect.stringContaining('error DISK_FULL') });
    expect(await readdir(folder)).toEqual(['compose.yaml']);
    await resize(size);
    expect(await init()).toMatchObject({ exitCode: 0 });
    await rm(folder, { recursive: true });
  });

  test('keeps out who needs a lock, but not who makes room, unless another has it', async () => {
    await writeFile(
      join(disk, 'dyn-data.yaml'),
      'version: 1\nregistry: http://127.0.0.1:1\nrepository: shop\nstack: { files: [a.yaml] }\n',
    );
    const project = await openProject({ folder: disk, configFile: undefined, env: {} });
    const holder = { pid: 1, host: 'here', isAlive: () => true };
    await leave(0);
    await expect(lockProject(project, holder)).rejects.toMatchObject(full);
    await (await lockProject(project, holder, { makesRoom: true }))[Symbol.asyncDispose]();
    expect(await readdir(project.stateFolder)).toEqual([]);
    await resize(size);
    await using _held = await lockProject(project, holder);
    await leave(0);
    const other = { ...holder, pid: 2 };
    await expect(lockProject(project, other, { makesRoom: true })).rejects.toMatchObject({ code: 'CONFLICT' });
    const dead = { ...other, isAlive: () => false };
    await expect(lockProject(project, dead)).rejects.toMatchObject(full);
    await (await lockProject(project, dead, { makesRoom: true }))[Symbol.asyncDispose]();
    expect(await readFile(join(project.stateFolder, 'lock'), 'utf8')).toContain('"pid":1');
    expect((await readdir(project.stateFolder)).sort()).toEqual(['.gitignore', 'lock']);
    await resize(size);
  });
});
