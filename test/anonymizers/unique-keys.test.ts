import { describe, expect, test } from 'vitest';
import type { ComputedKey, LiveColumn, UniqueKey } from '../../anonymizers/index.ts';
import { reportSurveys } from '../../anonymizers/index.ts';
import { readRule } from '../../anonymizers/policy.ts';
import { type Case, cases } from './cases.ts';
import { column, compile, refusal, shop } from './live.ts';
import { makeRule } from './making.ts';

const policyOf = (rule: string): string => `sources: {mysql: {tables: {people: {keep: [id], columns: {who: ${rule}}}}}}`;
const people = (uniqueKeys: readonly UniqueKey[], facts: Partial<LiveColumn> = {}) =>
  shop({ people: { columns: [column('id'), column('who', facts)], uniqueKeys } });

describe('a unique index of expressions or generated columns', () => {
  const computedOf = (who: ComputedKey) => people([{ columns: ['who'], wholeValues: true, computed: { who } }]);

  test.each([
    ['folded', 'first-name', /can give two values the same result, and the column is one that a unique index computes with \(who\)/],
    ['folded', '{token: {form: same-shape}}', /differ in case alone/],
    ['chosen', 'first-name', /the same result/],
    ['chosen', 'null', /makes NULL of values that are told apart/],
    ['part', 'email', /changes every part of a value/],
  ] as const)('of the kind %s takes no %s', (computed, rule, why) => {
    expect(refusal(policyOf(rule), computedOf(computed)).details).toEqual([expect.stringMatching(why)]);
  });

  test.each([
    ['folded', 'email'],
    ['folded', 'token'],
    ['folded', 'null'],
    ['chosen', 'email'],
    ['part', 'keep'],
  ] as const)('of the kind %s takes %s', (computed, rule) => {
    expect(() => compile(policyOf(rule), computedOf(computed))).not.toThrow();
  });
});

test('a unique index of a path of documents goes by the rule of that path', () => {
  const live = people([{ columns: ['who'], wholeValues: true, computed: { who: { leaf: '$["a"]["b"]' } } }]);
  const rule = (leaf: string, path = '$.a.b'): string => policyOf(`{json: {keep: [$.c], paths: {${path}: ${leaf}, $.d: first-name}}}`);
  for (const leaf of ['email', 'keep', 'token']) expect(() => compile(rule(leaf), live)).not.toThrow();
  expect(() => compile(rule('email', '$.*.b'), live)).not.toThrow();
  for (const leaf of ['first-name', 'null', '{constant: x}']) expect(refusal(rule(leaf), live).details).toHaveLength(1);
  expect(refusal(rule('email', '$.a.other'), live).details).toEqual([expect.stringMatching(/changes every part/)]);
  expect(refusal(policyOf('email'), live).details).toEqual([expect.stringMatching(/changes every part/)]);
});

test('a unique key to which NULLs are alike takes no rule that makes them', () => {
  const key: UniqueKey = { columns: ['who'], wholeValues: true, equalNulls: true };
  expect(refusal(policyOf('null'), people([key], { unique: true })).details).toEqual([expect.stringMatching(/makes NULL of values/)]);
  expect(() => compile(policyOf('email'), people([key], { unique: true }))).not.toThrow();
  expect(() => compile(policyOf('null'), people([{ ...key, equalNulls: false }], { unique: true }))).not.toThrow();
});

describe('values of a unique key that differ only in what a rule folds', () => {
  const exact = { exactCase: true, unique: true } as const;
  const alone: UniqueKey = { columns: ['who'], wholeValues: true };
  const both: UniqueKey = { columns: ['id', 'who'], wholeValues: true };

  const alikeOf = (rule: string, keys: readonly UniqueKey[], facts: Partial<LiveColumn> = exact) =>
    compile(policyOf(rule), people(keys, facts)).surveys.flatMap(({ alike }) => (alike ? [alike] : []));

  test('are asked for within the rest of the key', () => {
    const asked = (...of: Parameters<typeof alikeOf>) =>
      alikeOf(...of).map(({ rule, folds, within, equalNulls, caseTells }) => [rule, folds, within, equalNulls, caseTells]);
    expect(asked('email', [alone, { ...both, equalNulls: true }])).toEqual([
      ['email', 'blanks', [], false, true],
      ['email', 'blanks', ['id'], true, true],
    ]);
    expect(asked('uuid', [alone])).toEqual([['uuid', 'signs', [], false, true]]);
    expect(asked('token', [alone])).toEqual([]);
    // A key that ignores case has blanks all the same, and two ways to write an accent.
    expect(asked('email', [alone], { unique: true })).toEqual([['email', 'blanks', [], false, false]]);
    expect(asked('email', [{ ...alone, computed: { who: 'folded' } }])).toEqual([]);
  });

  test('are asked for at the path of documents that a key holds', () => {
    const key: UniqueKey = { columns: ['id', 'who'], wholeValues: true, computed: { who: { leaf: '$.a' } } };
    const rule = (leaf: string): string => `{json: {paths: {$.a: ${leaf}}}}`;
    const [alike, ...others] = alikeOf(rule('{email: {form: company}}'), [key], {});
    expect([alike?.rule, alike?.folds, alike?.leaf, alike?.within, others]).toEqual(['email', 'blanks', '$.a', ['id'], []]);
    expect(alike?.keyOf(Buffer.from('A@acme.fr'))).toBe(alike?.keyOf(Buffer.from('a@acme.fr ')));
    expect(alikeOf(rule('token'), [key], {})).toEqual([]);
  });

  test('are told by the rule itself, or by what it may fold where it needs the row', () => {
    const told = (rule: string, keys: readonly UniqueKey[], values: readonly string[]): number => {
      const [alike] = alikeOf(rule, keys, { exactCase: true });
      return new Set(values.map((text) => alike?.keyOf(Buffer.from(text)) ?? '')).size;
    };
    const written = ['Zo\u00e9', 'Zoe\u0301', 'ZOE\u0301'];
    for (const rule of ['login', '{when: {column: id, is: a, then: login, else: null}}']) {
      expect(told(rule, [both], written)).toBe(1);
      expect(told(rule, [both], ['Zoe', ...written])).toBe(2);
      expect(told(rule, [both], ['Stra\u00dfe', 'STRASSE'])).toBe(1);
      expect(told(rule, [both], ['ab', 'a-b', 'a b'])).toBe(3);
    }
    expect(told('{when: {column: id, is: a, then: null, else: uuid}}', [both], ['ab', 'A-b', '{a b}', 'ac'])).toBe(2);
  });

  test('are refused where the rule gives both the same result, without the values', () => {
    const [survey] = compile(policyOf('email'), people([alone], exact)).surveys;
    if (!survey) throw new Error('a survey was expected');
    expect(() => reportSurveys([{ survey, paths: [], alike: 0 }])).not.toThrow();
    expect(() => reportSurveys([{ survey, paths: [], alike: 2 }])).toThrow(
      expect.objectContaining({
        code: 'POLICY_INVALID',
        details: [
          expect.stringMatching(
            /^mysql shop\.people\.who: its unique key holds 2 times two values that differ only in case, blanks or how a letter is written, and "email"/,
          ),
        ],
      }),
    );
    expect(() => reportSurveys([{ survey, paths: [], alike: 100 }])).toThrow(
      expect.objectContaining({ details: [expect.stringMatching(/holds at least 100 times/)] }),
    );
  });
});

/** Other spellings that a rule can take for the same value. */
const spellings: readonly (readonly [kind: 'blanks' | 'signs', spell: (text: string) => string])[] = [
  ['blanks', (text) => text.toUpperCase()],
  ['blanks', (text) => text.toLowerCase()],
  ['blanks', (text) => ` ${text}\t`],
  ['blanks', (text) => text.replace(' ', '  ')],
  ['signs', (text) => `{${text}}`],
  ['signs', (text) => `${text}.`],
  ['signs', (text) => text.replaceAll(/[^a-z0-9]/gi, '')],
  ['signs', (text) => text.replaceAll(/(.{4})/g, '$1-')],
];

const isUniqueRule = ({ rule, type, row }: Case): boolean =>
  row === undefined && type === 'text' && makeRule(rule, { type }).unique && !['keep', 'null'].includes(readRule(rule).name);

test.each(cases.filter(isUniqueRule).map((one) => [JSON.stringify(one.rule), one] as const))(
  '%s says what it folds',
  (_, { rule, value }) => {
    const { apply, folds } = makeRule(rule, { unique: true });
    const result = (text: string): string => Buffer.from(apply(Buffer.from(text), []) ?? []).toString('hex');
    const taken = new Set<string>();
    for (const text of [value(7), 'No value of this kind', 'ab-CD ef'])
      for (const [kind, spell] of spellings) if (spell(text) !== text && result(spell(text)) === result(text)) taken.add(kind);
    expect(folds === undefined).toBe(taken.size === 0);
    if (folds !== 'signs') expect([...taken]).not.toContain('signs');
  },
);
