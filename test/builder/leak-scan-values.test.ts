import { describe, expect, it } from 'vitest';
import { type WatchKind, watchKinds } from '../../anonymizers/index.ts';
import { createRecentValues } from '../../builder/leak-scan/recent-values.ts';
import { createValueBatch, readValues } from '../../builder/leak-scan/watched-values.ts';

describe('values on their way to the scan', () => {
  it('arrive as they were given, in batches that take any value', () => {
    const batch = createValueBatch();
    const given = Array.from({ length: 20_000 }, (_, index): [WatchKind, string] => [
      watchKinds[index % watchKinds.length] as WatchKind,
      'é'.repeat(index % 90) + index,
    ]);
    given.push(['secret', 'x'.repeat(1_000_000)], ['value', '']);
    const arrived: [WatchKind, string][] = [];
    const send = (): void => {
      const { bytes, length } = batch.take(undefined);
      readValues(bytes, length, (kind, from, start, end) => void arrived.push([kind, Buffer.from(from.subarray(start, end)).toString()]));
    };
    for (const [kind, value] of given) {
      const bytes = Buffer.from(`before${value}after`);
      const add = (): boolean => batch.add(kind, bytes, 'before'.length, bytes.length - 'after'.length);
      if (add()) continue;
      send();
      expect(batch.isEmpty).toBe(true);
      expect(add()).toBe(true);
    }
    send();
    expect(arrived).toEqual(given);
  });

  it('are handed on again when they were forgotten, and never left out for another one', () => {
    const recent = createRecentValues();
    const isRecent = (kind: WatchKind, value: string): boolean => {
      const bytes = Buffer.from(`before${value}after`);
      return recent(kind, bytes, 'before'.length, bytes.length - 'after'.length);
    };
    const known = new Set<string>();
    let repeated = 0;
    for (let round = 0; round < 3; round += 1) {
      for (let index = 0; index < 300_000; index += 1) {
        const value = `${index % 2 === 0 ? '+336' : 'user'}${(index * 7_919) % 300_000}`;
        const kind = index % 3 === 0 ? 'login' : 'phone';
        const wasRecent = isRecent(kind, value);
        if (wasRecent) {
          repeated += 1;
          expect(known.has(`${kind} ${value}`)).toBe(true);
        }
        known.add(`${kind} ${value}`);
      }
    }
    expect(repeated).toBeGreaterThan(100_000);
    expect(isRecent('login', 'x'.repeat(100))).toBe(false);
    expect(isRecent('login', 'x'.repeat(100))).toBe(false);
  });
});
