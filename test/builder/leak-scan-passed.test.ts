import { describe, expect, it } from 'vitest';
import { type LeakRule, parseKey, phoneCountries } from '../../anonymizers/index.ts';
import { createPassedTexts } from '../../builder/leak-scan/passed-texts.ts';
import { createScan } from '../../builder/leak-scan/scanner.ts';
import { createWatchList, watchKeys } from '../../builder/leak-scan/watch-list.ts';

const france = phoneCountries.find(({ iso }) => iso === 'FR');
if (!france) throw new Error('no France');

describe('what was looked up and is not watched', () => {
  it('is remembered as it is, and never taken for another text', () => {
    const passed = createPassedTexts();
    const texts = Array.from({ length: 50_000 }, (_, index) => Buffer.from(`text ${index} ${'é'.repeat(index % 40)}`));
    const known = new Set<string>();
    let again = 0;
    for (const text of [...texts, ...texts]) {
      const name = text.toString();
      if (passed.has(text, 0, text.length)) {
        expect(known.has(name)).toBe(true);
        again += 1;
      } else passed.add(text, 0, text.length);
      known.add(name);
    }
    expect(again).toBeGreaterThan(0);
    expect(again).toBeLessThan(texts.length);
  });

  it('is known again at another place, and not once it is forgotten', () => {
    const passed = createPassedTexts();
    const text = Buffer.from('..Marie Dupont Marie Dupont');
    expect(passed.has(text, 2, 14)).toBe(false);
    passed.add(text, 2, 14);
    expect(passed.has(text, 15, 27)).toBe(true);
    expect(passed.has(text, 2, 13)).toBe(false);
    passed.forget();
    expect(passed.has(text, 2, 14)).toBe(false);
  });

  it('is looked up again when more is watched: words, and addresses of a domain that was harmless', () => {
    const list = createWatchList({ keys: watchKeys(parseKey('01'.repeat(32))), country: france, common: new Set(), phonePermutations: [] });
    const scan = createScan(list, []);
    const text = Buffer.from('mdupont2\tMarie Dupont\tmarie@example.com\t/marie@example.com');
    const rules = (): LeakRule[] => {
      const found: LeakRule[] = [];
      scan(text, 'table', (rule) => void found.push(rule));
      return found.sort();
    };
    // The last words of these are known to the filter, the texts are not.
    list.add('login', Buffer.from('xx.mdupont2 mdupont2'));
    list.add('name', Buffer.from('Jeanne Dupont'));
    expect(rules()).toEqual([]);
    expect(rules()).toEqual([]);
    list.add('login', Buffer.from('mdupont2'));
    list.add('name', Buffer.from('Marie Dupont'));
    list.add('email', Buffer.from('marie@example.com'));
    expect(rules()).toEqual(['known-email', 'known-email', 'known-login', 'known-name']);
  });
});
