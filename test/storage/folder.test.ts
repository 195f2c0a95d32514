import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestHex, digestOf } from '../../core/index.ts';
import { createFolderObjects } from '../../storage/index.ts';
import { auditLogContract } from '../contracts/audit-log.ts';
import { blobStoreContract } from '../contracts/blob-store.ts';
import { catalogContract } from '../contracts/catalog.ts';
import { objectStoreContract } from '../contracts/object-store.ts';
import { tokenStoreContract } from '../contracts/token-store.ts';
import { uploadsContract } from '../contracts/uploads.ts';
import { collect, listOf } from '../support/stream-samples.ts';

let root = '';
const folders: string[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'dyn-data-folder-'));
});
afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

const newFolder = (): string => {
  const folder = join(root, randomUUID());
  folders.push(folder);
  return folder;
};
const openAt = (folder: string) => createFolderObjects({ folder, newId: randomUUID });
const open = () => openAt(newFolder());
const leftovers = async (): Promise<string[]> => {
  const folder = folders.at(-1) ?? '';
  return [...(await readdir(join(folder, '~tmp'))), ...(await readdir(join(folder, '~locks')))];
};
const startWriter = (folder: string, key: string, mode: 'stream' | 'count'): ChildProcess =>
  spawn(process.execPath, [join(import.meta.dirname, 'folder-writer.ts'), folder, key, mode], { stdio: ['ignore', 'pipe', 'inherit'] });

describe('objects in a folder', () => objectStoreContract({ open, isOutsideThisProcess: true, leftovers }));
describe('blobs in a folder', () => blobStoreContract(open));
describe('a catalog in a folder', () => catalogContract(open));
describe('uploads in a folder', () => uploadsContract(open));
describe('tokens in a folder', () => tokenStoreContract(open));
describe('an audit log in a folder', () => auditLogContract(open));

describe('a storage folder', () => {
  it('shows nothing of a writer that was killed, and is clean after the next start', async () => {
    const folder = newFolder();
    const writer = startWriter(folder, 'blobs/half', 'stream');
    await once(writer.stdout ?? writer, 'data');
    expect(await readdir(join(folder, '~tmp'))).toHaveLength(1);
    const other = await openAt(folder);
    expect(await readdir(join(folder, '~tmp')), 'a living writer is left alone').toHaveLength(1);
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    expect(await other.stat('blobs/half')).toBeUndefined();
    expect(await listOf(other.list(''))).toEqual([]);
    const next = await openAt(folder);
    expect(await readdir(join(folder, '~tmp'))).toEqual([]);
    expect(await listOf(next.list(''))).toEqual([]);
  });

  it('loses no step when several processes replace one object', async () => {
    const folder = newFolder();
    const counters = Array.from({ length: 3 }, () => startWriter(folder, 'tags/counter', 'count'));
    const exits = await Promise.all(counters.map(async (counter) => (await once(counter, 'exit'))[0]));
    expect(exits).toEqual([0, 0, 0]);
    const found = await (await openAt(folder)).read('tags/counter');
    expect(found && new TextDecoder().decode(await collect(found.bytes))).toBe('60');
    expect(await leftovers()).toEqual([]);
  });

  it('goes on after a process was killed while it held a lock', async () => {
    const folder = newFolder();
    const objects = await openAt(folder);
    const ended = spawn(process.execPath, ['-e', '']);
    await once(ended, 'exit');
    const lock = (key: string): string => join(folder, '~locks', digestHex(digestOf(key)));
    const host = hostname().replaceAll(/[^A-Za-z0-9-]/g, '-');
    await writeFile(lock('tags/dead'), `${host} ${ended.pid}`);
    await writeFile(lock('tags/elsewhere'), 'another-machine 1');
    await utimes(lock('tags/elsewhere'), 0, 0);
    await Promise.all(
      ['tags/dead', 'tags/elsewhere'].flatMap((key) =>
        Array.from({ length: 5 }, () => objects.write(key, Uint8Array.of(1), { sizeBytes: 1 })),
      ),
    );
    expect(await leftovers()).toEqual([]);
  });

  it('waits for a living holder of a lock, and no longer than it is wanted', async () => {
    const folder = newFolder();
    const objects = await openAt(folder);
    await writeFile(join(folder, '~locks', digestHex(digestOf('tags/held'))), 'another-machine 1');
    const signal = AbortSignal.timeout(100);
    await expect(objects.write('tags/held', Uint8Array.of(1), { sizeBytes: 1, signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await objects.stat('tags/held')).toBeUndefined();
  });

  it('takes no notice of foreign files', async () => {
    const folder = newFolder();
    const objects = await openAt(folder);
    await mkdir(join(folder, 'tags'), { recursive: true });
    await writeFile(join(folder, 'tags', 'Notes of mine.txt'), 'x');
    await writeFile(join(folder, 'tags', 'a+zz'), 'x');
    await writeFile(join(folder, 'tags', 'abc+0'), 'x');
    expect(await listOf(objects.list(''))).toEqual([]);
  });

  it('is refused with advice where it cannot be made', async () => {
    const folder = newFolder();
    await writeFile(folder, 'a file');
    await expect(openAt(folder)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(openAt(join(folder, 'below'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});
