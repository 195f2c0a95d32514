import { describe, expect, it } from 'vitest';
import { groupIntoLayers, type LayerFile } from '../../builder/layers.ts';
import { digestOf } from '../../core/index.ts';

const maxLayers = 96;

const numberOf = (text: string): number => Number.parseInt(digestOf(text).slice(7, 15), 16);
const file = (name: string, sizeBytes = 100_000 + (numberOf(`size ${name}`) % 900_000)): LayerFile => ({
  path: `snapshot/${name}`,
  content: { digest: digestOf(`${name} ${sizeBytes}`), sizeBytes },
  boundary: numberOf(`boundary ${name}`),
});
const files = (count: number, table = 't'): LayerFile[] => Array.from({ length: count }, (_item, index) => file(`${table}/${index}`));

const sizeOf = (layer: readonly LayerFile[]): number => layer.reduce((sum, { content }) => sum + content.sizeBytes, 0);
const named = (layers: readonly LayerFile[][]): string[] => layers.map((layer) => JSON.stringify(layer));
/** Numbers of the layers of `after` that `before` has not. */
const fresh = (before: readonly LayerFile[], after: readonly LayerFile[]): number[] => {
  const known = new Set(named(groupIntoLayers(before)));
  return named(groupIntoLayers(after)).flatMap((layer, index) => (known.has(layer) ? [] : [index]));
};
const areNeighbours = (numbers: readonly number[]): boolean => numbers.every((number, index) => number === (numbers[0] as number) + index);

describe('grouping into layers', () => {
  it('keeps every file once, in order, and within the bound', () => {
    for (const count of [0, 1, 2, 95, 96, 97, 500, 5000]) {
      const layers = groupIntoLayers(files(count));
      expect(layers.length).toBeLessThanOrEqual(maxLayers);
      expect(layers.flat()).toEqual(files(count));
    }
  });

  it('gives each file its own layer as long as there are few', () => {
    expect(groupIntoLayers(files(maxLayers))).toHaveLength(maxLayers);
  });

  it('makes many layers, none much larger than the others', () => {
    for (const count of [200, 300, 500, 1000, 3000]) {
      const layers = groupIntoLayers(files(count));
      const total = sizeOf(layers.flat());
      expect(layers.length).toBeGreaterThan(maxLayers / 2);
      expect(Math.max(...layers.map(sizeOf)) / total).toBeLessThan(0.05);
      // The share of the image that a change of one byte somewhere transfers.
      expect(layers.reduce((sum, layer) => sum + (sizeOf(layer) / total) ** 2, 0)).toBeLessThan(0.02);
    }
  });

  it('makes one layer anew when the content of one file changes, wherever it is', () => {
    const before = files(500);
    for (let changed = 0; changed < before.length; changed += 1) {
      const after = before.with(changed, { ...(before[changed] as LayerFile), content: { digest: digestOf('other'), sizeBytes: 0 } });
      (after[changed] as { content: { sizeBytes: number } }).content.sizeBytes = (before[changed] as LayerFile).content.sizeBytes;
      expect(fresh(before, after)).toHaveLength(1);
    }
  });

  it('moves only layers beside it when a file changes its size, comes or goes', () => {
    const before = files(500);
    for (let place = 0; place < before.length; place += 1) {
      const old = before[place] as LayerFile;
      const resized = before.with(place, { ...old, content: { digest: digestOf('other'), sizeBytes: old.content.sizeBytes + 1_000 } });
      const inserted = before.toSpliced(place, 0, file(`new ${place}`));
      const removed = before.toSpliced(place, 1);
      for (const after of [resized, inserted, removed]) {
        const moved = fresh(before, after);
        expect(moved.length).toBeLessThanOrEqual(3);
        expect(areNeighbours(moved)).toBe(true);
      }
    }
  });

  it('moves only the layers beside a new table', () => {
    const [first, last] = [files(250, 'a'), files(250, 'c')];
    const moved = fresh([...first, ...last], [...first, ...files(10, 'b'), ...last]);
    expect(moved.length).toBeLessThanOrEqual(5);
    expect(areNeighbours(moved)).toBe(true);
  });

  it('keeps most layers every night while a table grows at its end, up to four times its size', () => {
    const all = files(1200);
    let transferred = 0;
    for (let count = 303; count <= 1200; count += 3) transferred += fresh(all.slice(0, count - 3), all.slice(0, count)).length;
    // 299 nights: one or two layers each for the new files, and twice the layers for each of the four steps in which they grow.
    expect(transferred).toBeLessThan(299 * 2 + 4 * 2 * maxLayers);
  });

  it('depends on boundaries and sizes alone', () => {
    const lengths = (input: readonly LayerFile[]): number[] => groupIntoLayers(input).map((layer) => layer.length);
    const renamed = files(500).map((one, index) => ({
      ...one,
      path: `snapshot/other/${index}`,
      content: { ...one.content, digest: digestOf('') },
    }));
    expect(lengths(renamed)).toEqual(lengths(files(500)));
  });

  it('puts files with equal boundaries into one layer rather than into too many', () => {
    const alike = files(500).map((one) => ({ ...one, boundary: 7 }));
    expect(groupIntoLayers(alike)).toHaveLength(1);
  });
});
