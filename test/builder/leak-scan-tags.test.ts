import { describe, expect, it } from 'vitest';
import { createPhonePermutation, parseKey, phoneCountries } from '../../anonymizers/index.ts';
import { createScan } from '../../builder/leak-scan/scanner.ts';
import { createTagSet } from '../../builder/leak-scan/tag-set.ts';
import { createWatchList, watchKeys } from '../../builder/leak-scan/watch-list.ts';

const key = parseKey('01'.repeat(32));
const france = phoneCountries.filter(({ iso }) => iso === 'FR');
const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const tagOf = (index: number): [number, number] => [Math.imul(index + 1, 0x9e3779b1) >>> 0, Math.imul(index + 7, 0x85ebca6b) >>> 0];

describe('the set of tags', () => {
  it.each([0, 150_000, 300_000])('is exact up to its bound, growing with what it holds, where %i were expected', (expected) => {
    const set = createTagSet(undefined, expected);
    for (const index of [...upTo(0, 300_000), ...upTo(0, 300_000)]) set.add(...tagOf(index), 4);
    set.add(...tagOf(17), 8);
    expect(set.marksOf(...tagOf(17))).toBe(12);
    expect(upTo(0, 300_000).filter((index) => (set.marksOf(...tagOf(index)) & 4) === 0)).toEqual([]);
    expect(upTo(300_000, 600_000).filter((index) => set.marksOf(...tagOf(index)) !== 0)).toEqual([]);
    expect([set.count(4), set.count(8), set.count(16)]).toEqual([300_000, 1, 0]);
    expect([set.size, set.overflow, set.falsePositiveRate]).toEqual([300_000, 0, 0]);
  });

  it('forgets nothing beyond its bound, and tells how often it may be wrong there', () => {
    const set = createTagSet(1_000);
    for (let index = 0; index < 5_000; index += 1) set.add(...tagOf(index), 4);
    expect(upTo(0, 5_000).filter((index) => set.marksOf(...tagOf(index)) !== 4)).toEqual([]);
    expect(set.overflow).toBe(4_000);
    expect(set.falsePositiveRate).toBeGreaterThan(0);
    expect(set.falsePositiveRate).toBeLessThan(1e-9);
    expect(upTo(5_000, 100_000).filter((index) => set.marksOf(...tagOf(index)) !== 0)).toEqual([]);
  });

  it('says the same of itself whatever the order, also beyond its bound', () => {
    const given = upTo(0, 3_000).flatMap((index) => [[index, 4] as const, ...(index % 3 === 0 ? [[index, 8] as const] : [])]);
    const saidOf = (order: readonly (readonly [number, number])[]) => {
      const set = createTagSet(1_000);
      for (const [index, mark] of order) set.add(...tagOf(index), mark);
      return [set.count(4), set.count(8), set.overflow, set.falsePositiveRate];
    };
    expect(saidOf(given.toReversed())).toEqual(saidOf(given));
    expect(saidOf(given).slice(0, 3)).toEqual([3_000, 1_000, 3_000]);
  });
});

describe('the list of watched values', () => {
  const [country] = france;
  if (!country) throw new Error('France is missing.');
  const bytes = (text: string): Buffer => Buffer.from(text);
  const phonePermutation = { key: new Uint8Array(16).fill(7), country };
  const listOf = (common: readonly string[] = [], ofKey = key) =>
    createWatchList({ keys: watchKeys(ofKey), country, common: new Set(common), phonePermutations: [phonePermutation] });

  it('leaves out what would be found everywhere: short words, and words of anonymizers and of the structure', () => {
    const list = listOf(['users', 'mallory', 'hudson']);
    for (const login of ['ann', '1234', 'users', 'Mallory', 'maria']) list.add('login', bytes(login));
    list.add('name', bytes('Mallory Hudson'));
    list.add('name', bytes('Maman'));
    list.add('phone', bytes('3900'));
    expect(list.counts()).toMatchObject({ indistinct: 8, values: { login: 0, name: 0, phone: 0 } });
    list.add('login', bytes('maria7'));
    list.add('name', bytes('Mallory Dupont'));
    expect(list.counts()).toMatchObject({ values: { login: 1, name: 1 } });
  });

  it('does not take a number for a leak that is the pseudonym of another one', () => {
    const list = listOf();
    list.add('phone', bytes('06 12 34 56 78'));
    expect(list.phone(bytes('+33612345678'))).toBe('phone');
    const pseudonym = createPhonePermutation(phonePermutation).pseudonym(bytes('06 12 34 56 78'));
    expect(pseudonym).toBeDefined();
    list.add('phone', pseudonym ?? bytes(''));
    expect(list.phone(pseudonym ?? bytes(''))).toBeUndefined();
    expect(list.phone(bytes('0612345678'))).toBe('phone');
    expect(list.counts()).toMatchObject({ values: { phone: 2 }, ambiguous: 1 });
  });

  it('counts different values, not spellings', () => {
    const list = listOf();
    for (const email of ['Marie@Acme.test', ' marie@acme.TEST']) list.add('email', bytes(email));
    for (const phone of ['0612345678', '+33 6 12 34 56 78', '0033612345678']) list.add('phone', bytes(phone));
    expect(list.counts().values).toMatchObject({ email: 1, phone: 1 });
  });

  it('knows the domains of addresses, also those that are written with other letters', () => {
    const list = listOf();
    for (const email of ['marie@acme.test', 'a@exemple-de-la-société.test', 'Zoé@plain.test']) list.add('email', bytes(email));
    for (const domain of ['acme.test', 'exemple-de-la-société.test', 'plain.test'])
      expect([domain, list.knowsDomain(bytes(domain))]).toEqual([domain, true]);
    expect(list.knowsDomain(bytes('other.test'))).toBe(false);
  });

  it('knows nothing under another key of what one key knows', () => {
    const list = listOf();
    const other = listOf([], parseKey('02'.repeat(32)));
    list.add('email', bytes('marie@acme.test'));
    expect(list.email(bytes('marie@acme.test'))).toBe('email');
    expect(other.email(bytes('marie@acme.test'))).toBeUndefined();
  });
});

it('pseudonyms of watched numbers are told from other numbers, whatever the country, length and style', () => {
  const [country] = france;
  if (!country) throw new Error('France is missing.');
  const permutation = { key: new Uint8Array(16).fill(9), country };
  const { pseudonym } = createPhonePermutation(permutation);
  const list = createWatchList({ keys: watchKeys(key), country, common: new Set(), phonePermutations: [permutation] });
  const scan = createScan(list, []);
  const styles = [
    (number: string) => number,
    (number: string) => number.replaceAll(/(?<=\d{3})(\d{2})/g, ' $1'),
    (number: string) => `(${number})`,
  ];
  const numbers = upTo(0, 2_000).map((index) => {
    const digits = String((index * 7_919_777_123_457) % 1e14).padStart(14, '7');
    return (styles[index % 3] as (number: string) => string)(`+${digits.slice(0, 8 + (index % 7))}`);
  });
  const rulesIn = (text: string): string[] => {
    const rules: string[] = [];
    scan(Buffer.from(`1\t${text} \tx\n`), 'table', (rule) => rules.push(rule));
    return rules;
  };
  const unknown = numbers.filter((number) => rulesIn(number).includes('phone'));
  for (const number of numbers) list.add('phone', Buffer.from(number));
  const made = numbers.flatMap((number) => {
    const result = pseudonym(Buffer.from(number));
    return result ? [Buffer.from(result).toString()] : [];
  });
  expect(unknown.length).toBeGreaterThan(100);
  expect(made.length).toBeGreaterThan(1_500);
  expect(made.filter((number) => rulesIn(number).includes('phone'))).toEqual([]);
});
