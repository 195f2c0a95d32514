import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type WatchKind, watchKinds } from '../../anonymizers/index.ts';
import { createValueIntake } from '../../builder/leak-scan/value-intake.ts';
import { batchBytes } from '../../builder/leak-scan/value-intake-wasm.ts';
import { readValues } from '../../builder/leak-scan/watched-values.ts';
import { times } from '../support/many-times.ts';

type Given = readonly [WatchKind, string];

/** An intake whose batches are read at once; `arrived` is what came through. */
function readIntake() {
  const arrived: Given[] = [];
  const memory: Uint8Array<ArrayBuffer>[] = [];
  const intake = createValueIntake({
    free: () => memory.pop(),
    take(bytes, length) {
      readValues(
        bytes,
        length,
        (kind, from, start, end) => void arrived.push([kind, Buffer.from(from.subarray(start, end)).toString('latin1')]),
      );
      if (bytes.length === batchBytes) memory.push(bytes.fill(0xee));
    },
  });
  const single = (kind: WatchKind, value: string): void => {
    const bytes = Buffer.from(`before${value}after`, 'latin1');
    intake.add(kind, bytes, 'before'.length, bytes.length - 'after'.length);
  };
  /** All of them as they stand in one page, between bytes that are none of theirs. */
  const paged = (values: readonly Given[]): void => {
    const page = Buffer.from(values.map(([, value]) => `\u0007${value}`).join(''), 'latin1');
    intake.page(page);
    let at = 0;
    for (const [kind, value] of values) {
      at += 1;
      intake.add(kind, page, at, at + value.length);
      at += value.length;
    }
  };
  return { arrived, single, paged, flush: intake.flush };
}

const kindAt = (index: number): WatchKind => watchKinds[index % watchKinds.length] as WatchKind;

/** Short values wait while long ones pass: in which order they arrive says nothing. */
const inOrder = (values: readonly Given[]): string[] => values.map((value) => value.join(' ')).sort();

describe('values on their way to the scan', () => {
  it('arrive as they were given, whatever their length, from a page or alone', () => {
    const { arrived, single, paged, flush } = readIntake();
    const given = Array.from({ length: 20_000 }, (_, index): Given => [kindAt(index), 'é'.repeat(index % 90) + index]);
    given.push(['value', '']);
    for (const [kind, value] of given.slice(0, 10_000)) single(kind, value);
    for (let at = 10_000; at < given.length; at += 100) paged(given.slice(at, at + 100));
    const large: Given[] = [
      ['secret', 'x'.repeat(batchBytes - 5)],
      ['secret', 'y'.repeat(batchBytes - 4)],
      ['secret', 'z'.repeat(1_000_000)],
    ];
    for (const [kind, value] of large) single(kind, value);
    paged(large);
    flush();
    expect(inOrder(arrived)).toEqual(inOrder([...given, ...large, ...large]));
  });

  it('come through at least once, and are left out only when the very same value came before', () => {
    const value = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\u00ff'), maxLength: 70 }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 200 }), (values) => {
        const { arrived, single, paged, flush } = readIntake();
        const given = values.map(([kind, text]): Given => [kindAt(kind), text]);
        const again = [...given, ...given];
        for (const [index, one] of again.entries()) {
          if (index % 3 === 0) paged([one]);
          else single(...one);
        }
        flush();
        const texts = (list: readonly Given[]): Set<string> => new Set(list.map((one) => one.join(' ')));
        expect(texts(arrived)).toEqual(texts(given));
        expect(arrived.length).toBeLessThanOrEqual(again.length);
      }),
      { numRuns: times(100, 500) },
    );
  });

  it('of a few hundred thousand, most that come again are left out', () => {
    const { arrived, single, flush } = readIntake();
    for (let round = 0; round < 3; round += 1) {
      for (let index = 0; index < 300_000; index += 1) {
        const value = `${index % 2 === 0 ? '+336' : 'user'}${(index * 7_919) % 300_000}`;
        single(index % 3 === 0 ? 'login' : 'phone', value);
      }
    }
    flush();
    expect(new Set(arrived.map((one) => one.join(' '))).size).toBe(300_000);
    expect(arrived.length).toBeLessThan(700_000);
  });

  it('that are too long to be remembered come each time', () => {
    const { arrived, single, flush } = readIntake();
    for (const length of [62, 62, 63, 63]) single('login', 'x'.repeat(length));
    flush();
    expect(arrived.map(([, value]) => value.length).sort()).toEqual([62, 63, 63]);
  });
});
