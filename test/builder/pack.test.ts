import { describe, expect, it } from 'vitest';
import type { Value } from '../../anonymizers/index.ts';
import type { Extraction } from '../../builder/extraction.ts';
import { hashKey } from '../../builder/key-hash.ts';
import { type Chunk, orderOfKey, pack } from '../../builder/pack.ts';
import { appendRow } from '../../builder/table-text.ts';
import { digestOf } from '../../core/index.ts';

const sizes = { minBytes: 2_000, targetBytes: 8_000, maxBytes: 32_000 };

const extraction: Extraction<Value[]> = {
  schema: 'db',
  name: 'table',
  load: '',
  columns: ['id'],
  fileExtension: 'tsv',
  estimatedRows: 0,
  parts: [],
  mask: (row) => row,
  encode: (row, out) => appendRow(out, row, ['text', 'text']),
  keyHash: (row) => hashKey([row[0]]),
  order: (row) => orderOfKey(row[0]),
  stream: () => 0,
  isReference: () => false,
};

async function* batches(rows: readonly Value[][]): AsyncGenerator<readonly Value[][]> {
  for (let from = 0; from < rows.length; from += 100) yield rows.slice(from, from + 100);
}

const row = (key: number, text = `row ${key} with some text`): Value[] => [Buffer.from(String(key)), Buffer.from(text)];
const rows = (count: number): Value[][] => Array.from({ length: count }, (_item, index) => row(index + 1));

async function chunksOf(input: readonly Value[][], of: Extraction<Value[]> = extraction): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of pack(of, { start: '', batches: batches(input) }, sizes)) chunks.push(chunk);
  return chunks;
}

const digests = (chunks: readonly Chunk[]): Set<string> => new Set(chunks.map(({ bytes }) => digestOf(bytes)));
const fresh = (before: readonly Chunk[], after: readonly Chunk[]): number =>
  [...digests(after)].filter((digest) => !digests(before).has(digest)).length;

describe('chunks', () => {
  it('tell by their stream whether an empty environment has them', async () => {
    const streams = { ...extraction, stream: (masked: Value[]) => Number(masked[0]) % 2, isReference: (stream: number) => stream === 0 };
    const chunks = await chunksOf(rows(10), streams);
    expect(chunks.map(({ order, reference, rows: count }) => [order.slice(0, 3), reference, count])).toEqual([
      ['000', true, 5],
      ['001', false, 5],
    ]);
  });

  it('hold every row once, in order, within the bounds and near the target', async () => {
    const input = rows(20_000);
    const chunks = await chunksOf(input);
    const text = Buffer.concat(chunks.map(({ bytes }) => bytes)).toString();
    expect(text).toBe(input.map(([key, value]) => `${key}\t${value}\n`).join(''));
    expect(chunks.reduce((sum, chunk) => sum + chunk.rows, 0)).toBe(20_000);
    for (const { bytes } of chunks.slice(0, -1)) {
      expect(bytes.length).toBeGreaterThanOrEqual(sizes.minBytes);
      expect(bytes.length).toBeLessThan(sizes.maxBytes + 100);
    }
    const mean = text.length / chunks.length;
    expect(mean).toBeGreaterThan(sizes.targetBytes / 2);
    expect(mean).toBeLessThan(sizes.targetBytes * 2);
  });

  it('do not depend on how rows arrive', async () => {
    const input = rows(5_000);
    async function* ragged(): AsyncGenerator<readonly Value[][]> {
      for (let from = 0; from < input.length; ) {
        const count = 1 + ((from * 7) % 13);
        yield input.slice(from, from + count);
        from += count;
      }
    }
    const chunks: Chunk[] = [];
    for await (const chunk of pack(extraction, { start: '', batches: ragged() }, sizes)) chunks.push(chunk);
    expect(chunks.map(({ order }) => order)).toEqual((await chunksOf(input)).map(({ order }) => order));
  });

  it('change one by one: an update, an insert and a delete each touch at most two', async () => {
    const before = await chunksOf(rows(20_000));
    const updated = rows(20_000);
    updated[9_999] = row(10_000, 'changed');
    const inserted = rows(20_000);
    inserted.splice(5_000, 0, [Buffer.from('5000.5'), Buffer.from('new')]);
    const deleted = rows(20_000);
    deleted.splice(15_000, 1);
    for (const after of [updated, inserted, deleted]) expect(fresh(before, await chunksOf(after))).toBeLessThanOrEqual(2);
  });

  it('keep the boundary that decides about layers when a row in them changes', async () => {
    const updated = rows(20_000);
    updated[9_999] = row(10_000, 'ROW 10000 with some text');
    const boundaries = (chunks: readonly Chunk[]): number[] => chunks.map(({ boundary }) => boundary);
    expect(boundaries(await chunksOf(updated))).toEqual(boundaries(await chunksOf(rows(20_000))));
  });

  it('sort by name in the order of the rows, negative keys first', async () => {
    const input = [...rows(3_000).map(([key, value]): Value[] => [Buffer.from(`-${3_001 - Number(key)}`), value ?? null]), ...rows(5_000)];
    const names = (await chunksOf(input)).map(({ order }) => order);
    expect(names.length).toBeGreaterThan(5);
    expect([...names].sort()).toEqual(names);
  });

  it('of a table without a key are cut by the rows themselves and numbered', async () => {
    const { keyHash: _, ...withoutKey } = extraction;
    const chunks = await chunksOf(rows(5_000), { ...withoutKey, order: () => undefined });
    expect(chunks.map(({ order }) => order)).toEqual(chunks.map((_chunk, index) => `000-${index.toString(16).padStart(17, '0')}`));
    expect(chunks.length).toBeGreaterThan(3);
  });

  it('of different streams do not mix', async () => {
    const chunks = await chunksOf(rows(2_000), { ...extraction, stream: (record) => Number(record[0]) % 2 });
    for (const { bytes, order } of chunks) {
      const keys = Buffer.from(bytes)
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => Number(line.split('\t')[0]));
      expect(new Set(keys.map((key) => key % 2))).toEqual(new Set([Number(order.slice(0, 3))]));
    }
  });

  it('of a hundred streams sort in the order of the streams', async () => {
    const chunks = await chunksOf(rows(200), { ...extraction, stream: (record) => 120 - (Number(record[0]) % 120), order: () => '' });
    const streams = chunks.map(({ order }) => order).sort();
    expect(streams.map(Number)).toEqual(Array.from({ length: 120 }, (_item, index) => index + 1));
  });

  it('grow with a row that is larger than the maximum', async () => {
    const chunks = await chunksOf([row(1), row(2, 'x'.repeat(100_000)), row(3)]);
    expect(chunks.map((chunk) => chunk.rows)).toEqual([2, 1]);
  });
});
