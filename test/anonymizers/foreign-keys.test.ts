import { describe, expect, test } from 'vitest';
import { countApart, type ForeignKey, type LiveColumn, reportSurveys } from '../../anonymizers/index.ts';
import { column, compile, shop } from './live.ts';

const exact = { exactBytes: true } as const;
const unique = { unique: true, nullable: false } as const;
const refers = (columns: readonly string[], table: string, targetColumns: readonly string[]): ForeignKey => ({
  columns,
  schema: 'shop',
  table,
  targetColumns,
});

/** People with names, calls of them by name, and lines of the calls. */
const live = (who: Partial<LiveColumn> = {}, name: Partial<LiveColumn> = who) =>
  shop({
    people: {
      columns: [column('tenant', { type: 'integer' }), column('name', { ...unique, ...name }), column('boss', name)],
      uniqueKeys: [{ columns: ['tenant', 'name'], wholeValues: true }],
      foreignKeys: [refers(['boss'], 'people', ['name'])],
    },
    calls: {
      columns: [column('tenant', { type: 'integer' }), column('who', who)],
      foreignKeys: [refers(['who'], 'people', ['name']), refers(['tenant', 'who'], 'people', ['tenant', 'name'])],
    },
    lines: { columns: [column('who', who)], foreignKeys: [refers(['who'], 'calls', ['who'])] },
  });

/** @param calls rules of the calls' columns; what has none follows */
const surveysOf = (rule: string, source = live(), calls = '') =>
  compile(
    `sources: {mysql: {tables: {people: {keep: [tenant], columns: {name: ${rule}}}, calls: {columns: {${calls}}}, lines: {}}}}`,
    source,
  ).surveys.filter(({ otherSpellings }) => otherSpellings !== undefined);

const asked = (...of: Parameters<typeof surveysOf>): string[] =>
  surveysOf(...of).map(({ table, column: name, otherSpellings }) => {
    const { rule, foreignKey } = otherSpellings ?? {};
    return `${table}.${name} ${rule}: ${foreignKey?.columns.join(' ')}`;
  });

describe('values of a foreign key that are spelled otherwise than those they refer to', () => {
  test('are asked for in each of its columns that a keyed rule decides', () => {
    expect(asked('token')).toEqual([
      'people.boss token: boss',
      'calls.who token: who',
      'calls.who token: tenant who',
      'lines.who token: who',
    ]);
    // Accents and, under some collations, signs are more than it folds.
    expect(asked('email')).toHaveLength(4);
  });

  test('are not asked for where bytes are kept, or nothing refers to anything', () => {
    expect(asked('keep')).toEqual([]);
    expect(asked('token', live(), 'who: null')).toEqual(['people.boss token: boss']);
    expect(asked('token', live(), 'tenant: null')).toEqual(['people.boss token: boss', 'calls.who token: who', 'lines.who token: who']);
  });

  test('are not asked for where the bytes decide', () => {
    expect(asked('token', live(exact))).toEqual([]);
    // What the target compares by counts as much.
    expect(asked('token', live(exact, {}))).toEqual(['people.boss token: boss', 'calls.who token: who', 'calls.who token: tenant who']);
    expect(asked('uuid', live({ type: 'uuid' }))).toEqual([]);
  });

  const refusalOf = (rule: string, pairs: readonly (readonly [string, string])[]): readonly string[] => {
    const survey = surveysOf(rule).find(({ table }) => table === 'calls');
    if (!survey?.otherSpellings) throw new Error('a question was expected');
    const bytes = pairs.map(([own, referred]) => [Buffer.from(own), Buffer.from(referred)] as const);
    try {
      reportSurveys([{ survey, paths: [], apart: countApart(survey.otherSpellings, bytes) }]);
      return [];
    } catch (error) {
      expect(error).toMatchObject({ code: 'POLICY_INVALID' });
      return (error as { readonly details: readonly string[] }).details;
    }
  };
  const ofCase = [
    ['DUPONT', 'dupont'],
    ['anna ', 'anna'],
    ['Zo\u00e9', 'Zoe\u0301'],
  ] as const;

  test('are refused where the rule gives them another result, without the values', () => {
    expect(refusalOf('token', ofCase)).toEqual([
      'mysql shop.calls.who: its foreign key holds 3 times a value that is spelled otherwise than the one of people.name that it refers to (in case, accents, blanks or how a letter is written), and "token" gives both different results, so rows would lose each other. Write at the source what people.name has, or take for people.name a rule that gives both the same result (email, login and others do so for case and blanks, none but keep for accents)',
    ]);
    expect(refusalOf('login', [...ofCase, ['\u00c9lodie', 'elodie']])).toEqual([expect.stringMatching(/holds 1 times .* "login" gives/)]);
    const many = Array.from({ length: 200 }, (_, at) => [`A${at}`, `a${at}`] as const);
    expect(refusalOf('hash', many)).toEqual([expect.stringMatching(/holds at least 100 times/)]);
  });

  test('stand where the rule takes both for one', () => {
    expect(refusalOf('login', ofCase)).toEqual([]);
    expect(refusalOf('email', [['Jean@Acme.fr ', 'jean@acme.fr']])).toEqual([]);
    expect(refusalOf('token', [])).toEqual([]);
  });

  test('of a rule that needs the row are told by what it may fold', () => {
    const when = (rule: string): string => `{when: {column: tenant, is: 1, then: ${rule}, else: null}}`;
    const source = shop({
      people: { columns: [column('tenant', { type: 'integer' }), column('name', { unique: true })] },
      calls: {
        columns: [column('tenant', { type: 'integer' }), column('name')],
        foreignKeys: [refers(['name'], 'people', ['name'])],
      },
    });
    const keysOf = (rule: string): Set<string> => {
      const table = `{keep: [tenant], columns: {name: ${when(rule)}}}`;
      const [survey] = compile(`sources: {mysql: {tables: {people: ${table}, calls: ${table}}}}`, source).surveys.filter(
        ({ otherSpellings }) => otherSpellings !== undefined,
      );
      return new Set(['DUPONT', 'dupont', 'dupont '].map((text) => survey?.otherSpellings?.keyOf(Buffer.from(text)) ?? ''));
    };
    expect(keysOf('login').size).toBe(1);
    expect(keysOf('token').size).toBe(3);
  });
});
