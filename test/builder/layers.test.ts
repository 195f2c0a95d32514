import { describe, expect, it } from 'vitest';
import { groupIntoLayers, type LayerFile } from '../../builder/layers.ts';
import { digestOf } from '../../core/index.ts';

const files = (count: number): LayerFile[] =>
  Array.from({ length: count }, (_item, index) => ({
    path: `snapshot/t/${index}`,
    content: { digest: digestOf(String(index)), sizeBytes: 10 },
    boundary: Number.parseInt(digestOf(`boundary ${index}`).slice(7, 15), 16),
  }));

describe('grouping into layers', () => {
  it('keeps every file once, in order, and within the bound', () => {
    for (const count of [1, 2, 63, 64, 65, 500, 5000]) {
      const layers = groupIntoLayers(files(count));
      expect(layers.length).toBeLessThanOrEqual(64);
      expect(layers.flat()).toEqual(files(count));
    }
  });

  it('changes one layer when the content of one file changes', () => {
    const before = groupIntoLayers(files(500));
    const changed = files(500).map((file, index) =>
      index === 250 ? { ...file, content: { ...file.content, digest: digestOf('other') } } : file,
    );
    const after = groupIntoLayers(changed);
    const different = after.filter((layer, index) => JSON.stringify(layer) !== JSON.stringify(before[index]));
    expect(different).toHaveLength(1);
  });

  it('leaves the layers before and after an inserted file as they were', () => {
    const before = groupIntoLayers(files(500)).map((layer) => JSON.stringify(layer));
    const more = files(500);
    more.splice(100, 0, { path: 'snapshot/t/new', content: { digest: digestOf('new'), sizeBytes: 1 }, boundary: 3 });
    const after = groupIntoLayers(more).map((layer) => JSON.stringify(layer));
    expect(after.filter((layer) => !before.includes(layer)).length).toBeLessThanOrEqual(1);
  });
});
