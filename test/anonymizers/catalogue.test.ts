import { describe, expect, test } from 'vitest';
import { catalogue } from '../../anonymizers/index.ts';
import { type Rule, readRule } from '../../anonymizers/policy.ts';
import { DynDataError } from '../../core/index.ts';
import { cases } from './cases.ts';
import { hostileValues, makeRule, otherKeyText, textTarget } from './making.ts';

const parameters: Readonly<Record<string, unknown>> = Object.fromEntries(
  cases.map(({ rule }) => [readRule(rule).name, readRule(rule).parameters]),
);

describe.each(catalogue.map((anonymizer) => [anonymizer.name, anonymizer] as const))('%s', (name, anonymizer) => {
  const type = anonymizer.types === 'any' ? 'text' : (anonymizer.types[0] ?? 'text');

  test('says in whole sentences what it is, what it protects and what not', () => {
    expect(name).toMatch(/^[a-z0-9-]+$/);
    for (const sentence of [anonymizer.summary, anonymizer.facts.protects, anonymizer.facts.leaves])
      expect(sentence).toMatch(/^[^ ].*\.$/s);
  });

  test('takes the hostile values too, the same way each time', () => {
    const columns = ['other', 'id', 'first', 'public_key'];
    const [made, again] = [0, 1].map(() => makeRule({ [name]: parameters[name] ?? {} }, { type }, { columns }));
    const row = columns.map((column) => Buffer.from(column));
    for (const value of hostileValues) {
      const copy = Buffer.from(value);
      try {
        expect(again?.apply(value, row)).toEqual(made?.apply(value, row));
      } catch (error) {
        // Only a document may refuse, whose parts cannot be found.
        expect([name, (error as DynDataError).code]).toEqual(['json', 'DATA_UNMASKABLE']);
      }
      expect(copy.equals(value)).toBe(true);
    }
  });

  test('refuses parameters that it does not know', () => {
    expect(() => makeRule({ [name]: { nonsense: 1 } }, { type }, { columns: ['other'] })).toThrow(DynDataError);
  });
});

test.each([
  'email',
  'login',
  'phone',
  'first-name',
  'last-name',
  'full-name',
  'company-name',
  'text',
  'token',
  'hash',
  'device-token',
  'ip',
])('%s gives other results under another key', (name) => {
  const values = Array.from({ length: 50 }, (_, index) =>
    Buffer.from(name === 'ip' ? `81.1.2.${index}` : `+3361234567${index % 10} ${index}`),
  );
  const results = (key?: string): string => {
    const { apply } = makeRule(name, {}, key === undefined ? {} : { key });
    return values.map((value) => Buffer.from(apply(value, []) ?? []).toString('hex')).join(' ');
  };
  expect(results(otherKeyText)).not.toBe(results());
  expect(results()).toBe(results());
});

test.each([
  ['text', 'text', /unique/],
  ['first-name', 'text', /unique/],
  [{ constant: 'x' }, 'text', /unique/],
  [{ token: { form: 'hex', length: 12 } }, 'text', /unique/],
])('%s is refused on a unique column', (rule, type, message) => {
  expect(() => makeRule(rule as Rule, { type: type as 'text', unique: true })).toThrow(message);
});

test.each([
  ['email', { maxLength: 40 }, /room/],
  ['login', { maxLength: 20 }, /room/],
  ['token', { maxLength: 32 }, /room/],
  [{ constant: 'abcdef' }, { maxLength: 5 }, /room/],
  ['device-token', { maxLength: 255 }, /room/],
  ['email', { type: 'integer', sqlType: 'int' }, /for text values/],
  ['image', { type: 'text' }, /for binary values/],
  ['null', { nullable: false }, /NOT NULL/],
  [{ constant: 'abc' }, { type: 'integer', sqlType: 'int' }, /no integer/],
  [{ constant: 'c' }, { type: 'enum', sqlType: "enum('a','b')" }, /not in/],
  [{ email: { identity: 'person.unheard-of' } }, {}, /not declared/],
  [{ email: { identity: 'person.phone' } }, {}, /of the kind phone/],
  ['emial', {}, /no anonymizer/],
] as const)('%j is refused where it does not fit: %j', (rule, target, message) => {
  expect(() => makeRule(rule, { ...textTarget, ...target })).toThrow(message);
});

test('booleans are spelled as the server spells them', () => {
  const spelled = (sourceKind: 'mysql' | 'postgres', type: 'boolean' | 'bit' | 'integer'): string =>
    Buffer.from(makeRule({ constant: false }, { sourceKind, type }).apply(Buffer.from('t'), []) ?? '').toString();
  expect([spelled('postgres', 'boolean'), spelled('mysql', 'bit'), spelled('mysql', 'integer')]).toEqual(['f', '0', '0']);
});
