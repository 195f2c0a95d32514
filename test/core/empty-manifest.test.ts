import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { emptyManifest } from '../../core/empty-manifest.ts';
import { decodeManifest, type Manifest } from '../../core/index.ts';

const manifestOf = async (version: number): Promise<Manifest> =>
  decodeManifest(await readFile(new URL(`../fixtures/manifest/v${version}.json`, import.meta.url)));

describe('an empty environment', () => {
  test('has all of the structure, and of rows and entries those marked as reference', async () => {
    const whole = await manifestOf(3);
    const empty = emptyManifest(whole);
    const tables = empty.sources.flatMap((source) => source.tables);
    expect(tables.map(({ name, rows, sizeBytes, chunks }) => [name, rows, sizeBytes, chunks.length])).toEqual([
      ['users', 3, 300, 1],
      ['dc=dynamease,dc=test', 1, 55, 1],
      ['installation', 0, 0, 0],
    ]);
    const structure = ({ sources }: Manifest) =>
      sources.map((source) => ({ ...source, tables: source.tables.map(({ indexes }) => indexes) }));
    expect(structure(empty)).toEqual(structure(whole));
  });

  test.each([1, 2])('cannot be told of a snapshot of version %i', async (version) => {
    const manifest = await manifestOf(version);
    expect(() => emptyManifest(manifest)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_TOO_OLD' }));
  });
});
