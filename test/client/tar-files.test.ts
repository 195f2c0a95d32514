import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collect } from '../../client/small-bytes.ts';
import { tarFiles } from '../../client/tar-files.ts';

const contents: Readonly<Record<string, string>> = {
  'a/empty': '',
  'a/short': 'x'.repeat(511),
  'a/block': 'y'.repeat(512),
  'a/more': 'z'.repeat(70_001),
  'a/größe': 'é',
  // Too long for the name, for the name with its folder, and longer than a block.
  [`b/${'folder/'.repeat(20)}file`]: '1',
  [`b/${'n'.repeat(200)}`]: '2',
  [`b/${`${'m'.repeat(120)}/`.repeat(5)}${'o'.repeat(150)}`]: '3',
};
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dyn-data-tar-'));
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  await symlink(`${'t'.repeat(180)}/nowhere`, join(folder, 'a', 'link'));
});
afterAll(() => rm(folder, { recursive: true }));

const tarOf = (format: string, ...paths: string[]): Buffer =>
  spawnSync('tar', ['-c', `--format=${format}`, '--sort=name', '-C', folder, ...paths], { maxBuffer: 1e8 }).stdout;

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function read(archive: Uint8Array, pieceSize = 65_536): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { path, sizeBytes, bytes } of tarFiles(inPieces(archive, pieceSize))) {
    files[path] = (await collect(bytes)).toString();
    expect(Buffer.byteLength(files[path] ?? '')).toBe(sizeBytes);
  }
  return files;
}

describe.each(['gnu', 'pax', 'posix', 'ustar', 'v7', 'oldgnu'])('an archive of the format %s', (format) => {
  const isShort = format === 'v7' || format === 'ustar';

  test('has its regular files, whatever their names, sizes and neighbours', async () => {
    const expected = isShort ? Object.entries(contents).filter(([path]) => path.startsWith('a/')) : Object.entries(contents);
    expect(await read(tarOf(format, 'a', ...(isShort ? [] : ['b'])))).toEqual(Object.fromEntries(expected));
  });
});

test('a path that ustar cuts into folder and name is one again', async () => {
  const path = `b/${'folder/'.repeat(20)}file`;
  expect(await read(tarOf('ustar', path))).toEqual({ [path]: '1' });
});

test.each([1, 7, 511, 512, 513, 100_000])('pieces of %i bytes make no difference', async (size) => {
  expect(await read(tarOf('pax', 'a', 'b'), size)).toEqual(contents);
});

test('what is not read of a file is passed over', async () => {
  const paths: string[] = [];
  for await (const { path, bytes } of tarFiles(inPieces(tarOf('gnu', 'a', 'b'), 1_000))) {
    paths.push(path);
    if (path === 'a/more') for await (const _ of bytes) break;
  }
  expect(paths.sort()).toEqual(Object.keys(contents).sort());
});

test.each(['gnu', 'pax'])('a file of more than 8 GiB has its size (%s), and who stops closes the source', async (format) => {
  await writeFile(join(folder, 'huge'), '');
  await truncate(join(folder, 'huge'), 9 * 2 ** 30);
  const tar = spawn('tar', ['-c', `--format=${format}`, '-C', folder, 'huge'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => tar.once('close', resolve));
  for await (const { path, sizeBytes } of tarFiles(tar.stdout)) {
    expect({ path, sizeBytes }).toEqual({ path: 'huge', sizeBytes: 9 * 2 ** 30 });
    break;
  }
  await ended;
  await rm(join(folder, 'huge'));
});

test('an archive that ends within a file, or whose header was changed, is refused', async () => {
  const archive = tarOf('gnu', 'a/more');
  for (const end of [100, 512, 600, 40_000, 70_512]) await expect(read(archive.subarray(0, end))).rejects.toThrow('it ends too early');
  const changed = Buffer.from(archive);
  changed.writeUInt8(changed.readUInt8(3) ^ 1, 3);
  await expect(read(changed)).rejects.toThrow('another checksum');
});
