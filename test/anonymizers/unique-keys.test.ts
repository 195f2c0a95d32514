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

  test('are asked for where the column tells them apart, within the rest of the key', () => {
    const asked = (rule: string, keys: readonly UniqueKey[], facts: Partial<LiveColumn>) =>
      compile(policyOf(rule), people(keys, facts)).surveys.flatMap(({ alike }) => (alike ? [[alike.rule, alike.folds, alike.within]] : []));
    expect(asked('email', [alone, both], exact)).toEqual([
      ['email', 'blanks', []],
      ['email', 'blanks', ['id']],
    ]);
    expect(asked('uuid', [alone], exact)).toEqual([['uuid', 'signs', []]]);
    expect(asked('token', [alone], exact)).toEqual([]);
    expect(asked('email', [alone], { unique: true })).toEqual([]);
    expect(asked('email', [{ ...alone, computed: { who: 'folded' } }], exact)).toEqual([]);
  });

  test('are refused where the rule gives both the same result, without the values', () => {
    const [survey] = compile(policyOf('email'), people([alone], exact)).surveys;
    const { isSame } = survey?.alike ?? { isSame: undefined };
    expect(isSame?.(Buffer.from('Marie@acme.fr'), Buffer.from('marie@acme.fr '))).toBe(true);
    expect(isSame?.(Buffer.from('marie@acme.fr'), Buffer.from('marie@acme-fr'))).toBe(false);
    if (!survey) throw new Error('a survey was expected');
    expect(() => reportSurveys([{ survey, paths: [], alike: 0 }])).not.toThrow();
    expect(() => reportSurveys([{ survey, paths: [], alike: 2 }])).toThrow(
      expect.objectContaining({
        code: 'POLICY_INVALID',
        details: [
          expect.stringMatching(
            /^mysql shop\.people\.who: its unique key holds 2 times two values that differ only in case or blanks, and "email"/,
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
