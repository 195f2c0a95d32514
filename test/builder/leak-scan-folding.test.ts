import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKey } from '../../anonymizers/index.ts';
import { createIsDistinct } from '../../builder/leak-scan/distinct.ts';
import { createAsciiFolding, createFolding, type Folding } from '../../builder/leak-scan/folding.ts';
import { watchKeys } from '../../builder/leak-scan/watch-list.ts';

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
function said(by: Folding, length: number): unknown {
  const tag = new Uint32Array(4);
  const tags = purposes.map((purpose) => {
    by.tag(purpose, length, tag);
    return [tag[0], tag[1]];
  });
  return { text: Buffer.from(by.bytes.subarray(0, length)).toString('latin1'), hash: by.lastWordHash(length), tags };
}

describe('the folding of ASCII', () => {
  it('is that of all values, alone and among others', () => {
    fc.assert(
      fc.property(ascii, ascii, (before, text) => {
        const [head, value] = [bytesOf(before), bytesOf(text)];
        const end = head.length + value.length;
        fast.values.set(head);
        fast.values.set(value, head.length);
        for (const way of ['folded', 'trimmed'] as const) {
          const expected = said(slow, slow[way](value, 0, value.length));
          expect(said(fast, fast[way](value, 0, value.length))).toEqual(expected);
          expect(said(fast, fast[way](fast.values, head.length, end))).toEqual(expected);
        }
        expect(fast.wordEnd(fast.values, head.length, end) - head.length).toBe(fast.wordEnd(value, 0, value.length));
      }),
      { numRuns: 5_000 },
    );
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
    const word = fc.constantFrom('jean', 'dupont', 'users', 'l', 'a-b', 'mallory', '1234', '12345678', 'ab12', 'x', 'abcdefgh', "'", ' ');
    const kind = fc.constantFrom('email', 'login', 'name', 'secret', 'value' as const);
    fc.assert(
      fc.property(kind, fc.array(word, { maxLength: 4 }), fc.constantFrom('', ' ', "'", '-'), (ofKind, words, between) => {
        const text = words.join(between);
        const bytes = bytesOf(text);
        expect(isDistinct(ofKind, bytes, bytes.length)).toBe(byText(ofKind, text, common));
      }),
      { numRuns: 5_000 },
    );
  });
});

/** What is said in docs/policy.md of values that are left out. */
function byText(kind: string, text: string, common: ReadonlySet<string>): boolean {
  if (kind === 'secret' && text.length > 10) return true;
  const words = text.split(/[\s'’]+/).filter((word) => word !== '');
  const isSeparated = /[\s'’]/.test(text);
  if (isSeparated) return text.length >= 5 && words.some((word) => !common.has(word));
  if (kind === 'name' || text.length < 5 || common.has(text)) return false;
  return text.length >= 8 || (!/^\d+$/.test(text) && (text.length >= 6 || !/^[a-z]+$/.test(text)));
}
