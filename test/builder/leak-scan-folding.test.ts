import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKey } from '../../anonymizers/index.ts';
import { createIsDistinct } from '../../builder/leak-scan/distinct.ts';
import { createAsciiFolding, createFolding, type Folding } from '../../builder/leak-scan/folding.ts';
import { watchKeys } from '../../builder/leak-scan/watch-list.ts';
import { createWordForm } from '../../builder/leak-scan/word-form.ts';
import { times } from '../support/many-times.ts';

const keys = watchKeys(parseKey('01'.repeat(32)));
const slow = createFolding(keys);
const fast = createAsciiFolding(keys);
const purposes = ['email', 'domain', 'phone', 'words'] as const;

const ascii = fc.string({
  unit: fc.oneof(
    fc.constantFrom(' ', '\t', '\u0000', '\u007f', '.', '-', "'", '@', 'A', 'z', '0'),
    fc.string({ minLength: 1, maxLength: 1 }),
  ),
  maxLength: 90,
});
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** All that a way of folding says of a value. */
function said(by: Folding, way: 'folded' | 'words', value: Uint8Array, start: number, end: number): unknown {
  const length = by[way](value, start, end);
  const tag = new Uint32Array(4);
  const tags = purposes.map((purpose) => {
    by.tag(purpose, length, tag);
    return [tag[0], tag[1]];
  });
  return {
    text: Buffer.from(by.bytes.subarray(0, length)).toString('latin1'),
    hash: way === 'words' ? by.lastWordHash(length) : undefined,
    tags,
  };
}

describe('the folding of ASCII', () => {
  it('is that of all values, alone and among others', () => {
    fc.assert(
      fc.property(ascii, ascii, (before, text) => {
        const [head, value] = [bytesOf(before), bytesOf(text)];
        const end = head.length + value.length;
        fast.values.set(head);
        fast.values.set(value, head.length);
        for (const way of ['folded', 'words'] as const) {
          const expected = said(slow, way, value, 0, value.length);
          expect(said(fast, way, value, 0, value.length)).toEqual(expected);
          expect(said(fast, way, fast.values, head.length, end)).toEqual(expected);
        }
      }),
      { numRuns: times(1_000, 5_000) },
    );
  });

  it('takes the bytes of one word as the other way does', () => {
    const [head, rest] = [bytesOf('-a '), bytesOf('/b')];
    const unit = fc.constantFrom('.', '-', '_', '+', 'A', 'z', '0');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
        const value = bytesOf(text);
        const end = head.length + value.length;
        fast.values.set([...head, ...value, ...rest]);
        const expected = said(slow, 'words', value, 0, value.length);
        expect(fast.takeWord(head.length, end + rest.length)).toBe(end);
        const taken = {
          length: fast.takenLength,
          hash: fast.takenHash,
          text: Buffer.from(fast.bytes.subarray(0, fast.takenLength)).toString(),
        };
        expect({ ...(expected as object), ...taken }).toEqual({ ...(expected as object), length: slow.words(value, 0, value.length) });
      }),
    );
    fast.values.set(bytesOf('ab-é'));
    expect(fast.takeWord(0, 5)).toBe(-1);
  });

  it('leaves other values, and those without end, to the other way', () => {
    for (const text of ['é', 'marie\u00a0dupont', 'x'.repeat(100_000)])
      expect(fast.folded(bytesOf(text), 0, bytesOf(text).length)).toBe(-1);
  });
});

describe('whether a value is distinct', () => {
  it('is the same by its bytes as by its text', () => {
    const common = new Set(['jean', 'dupont', 'users', 'l', 'commonword', 'a-b']);
    const isDistinct = createIsDistinct(common);
    const form = createWordForm();
    const word = fc.constantFrom('jean', 'dupont', 'users', 'l', 'a-b', 'mallory', '1234', '12345678', 'ab12', 'x', 'abcdefgh', "'", ' ');
    const kind = fc.constantFrom('email', 'login', 'name', 'secret', 'value' as const);
    fc.assert(
      fc.property(kind, fc.array(word, { maxLength: 4 }), fc.constantFrom('', ' ', '-'), (ofKind, words, between) => {
        const given = bytesOf(words.join(between));
        const length = form.take(given, 0, given.length);
        const text = new TextDecoder().decode(form.plain.subarray(0, length));
        const bytes = bytesOf(text);
        expect(isDistinct(ofKind, bytes, bytes.length)).toBe(byText(ofKind, text, common));
      }),
      { numRuns: times(1_000, 5_000) },
    );
  });
});

/** What is said in docs/leak-scan.md of values that are left out. */
function byText(kind: string, text: string, common: ReadonlySet<string>): boolean {
  if (kind === 'secret' && text.length > 10) return true;
  if (text.includes(' ')) {
    const isLongEnough = text.replaceAll(' ', '').length >= (/^[\d ]+$/.test(text) ? 8 : 4);
    return isLongEnough && text.split(' ').some((word) => !common.has(word));
  }
  if (kind === 'name' || text.length < 5 || common.has(text)) return false;
  return text.length >= 8 || (!/^\d+$/.test(text) && (text.length >= 6 || !/^[a-z]+$/.test(text)));
}
