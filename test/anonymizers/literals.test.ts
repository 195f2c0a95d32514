import { describe, expect, test } from 'vitest';
import type { Target } from '../../anonymizers/anonymizer.ts';
import { checkLiteral } from '../../anonymizers/literal-values.ts';
import type { Rule } from '../../anonymizers/policy.ts';
import { column, compile, refusal, shop } from './live.ts';
import { makeRule, textTarget } from './making.ts';

type Place = Pick<Target, 'type' | 'sqlType'> & Partial<Target>;
const mysql = (type: Target['type'], sqlType: string): Place => ({ type, sqlType });
const postgres = (type: Target['type'], sqlType: string, more: Partial<Target> = {}): Place => ({
  type,
  sqlType,
  sourceKind: 'postgres',
  ...more,
});

const array = (sqlType: string, more: Partial<Target> = {}): Place =>
  postgres('other', `${sqlType}[]`, { madeOf: { form: 'array', sqlType }, ...more });
const range = (sqlType: string): Place => postgres('other', 'a_range', { madeOf: { form: 'range', sqlType } });

describe('a value that a policy writes out', () => {
  test.each([
    [mysql('integer', 'tinyint'), ['127', '-128', '0'], ['128', '-129', '300', '1.5', '']],
    [mysql('integer', 'int(10) unsigned'), ['0', '4294967295'], ['-1', '4294967296']],
    [postgres('integer', 'bigint'), ['-9223372036854775808'], ['9223372036854775808']],
    [postgres('integer', 'a_domain'), ['99999999999'], ['x']],
    [mysql('decimal', 'decimal(4,2)'), ['99.99', '-1.5', '7'], ['100', '1234.5', '1.234']],
    [postgres('decimal', 'numeric'), ['1234567890.123456789'], ['1e5']],
    [mysql('float', 'float(5,2)'), ['999.99'], ['1000']],
    [mysql('float', 'float'), ['1e38'], ['1e39', 'NaN']],
    [postgres('float', 'double precision'), ['1e300'], ['banana']],
    [postgres('boolean', 'boolean'), ['t', 'false'], ['banana', '']],
    [mysql('bit', 'bit(1)'), ['0', '1'], ['2', '9']],
    [postgres('bit', 'bit(3)'), ['101'], ['9', '1010']],
    [postgres('bit', 'bit varying(3)'), ['', '10'], ['1010']],
    [mysql('year', 'year'), ['1901', '0000'], ['24', '2156']],
    [mysql('date', 'date'), ['2024-02-29', '0000-00-00'], ['2024-02-31', '0999-01-01', '2024-1-1']],
    [postgres('date', 'date'), ['0999-01-01'], ['0000-00-00', '2023-02-29']],
    [mysql('time', 'time'), ['-838:59:59'], ['839:00:00', '10:60:00']],
    [postgres('time', 'time without time zone'), ['24:00:00', '10:00:00.5'], ['99:99:99', '-10:00:00', '25:00:00']],
    [postgres('time', 'time with time zone'), ['10:00:00+02'], ['10:00']],
    [mysql('datetime', 'datetime'), ['1000-01-01 00:00:00'], ['2024-01-01 24:00:00', '2024-01-01', '2024-01-01 10:00:00+02']],
    [mysql('datetime', 'timestamp'), ['2038-01-19 03:14:07'], ['2038-01-19 03:14:08', '1969-12-31 23:59:59']],
    [postgres('datetime', 'timestamp with time zone'), ['2024-01-01 10:00:00+02'], ['2024-02-30 10:00:00']],
    [mysql('enum', "enum('a','it''s',',')"), ['a', "it's", ','], ['b', "','", '']],
    [mysql('set', "set('a','b')"), ['', 'a', 'a,b'], ['a,c']],
    [postgres('enum', 'mood', { labels: ['sad', 'ok'] }), ['sad'], ['zzz']],
    [postgres('other', 'inet'), ['10.0.0.1', '2001:db8::/32'], ['zzz', '10.0.0.0/33']],
    [mysql('other', 'inet4'), ['10.0.0.1'], ['::1']],
    [postgres('other', 'point'), ['(1,2)'], ['here']],
    [mysql('other', 'point'), [], ['POINT(1 2)', '(1,2)']],
    [
      postgres('other', 'interval'),
      ['1 year 2 mons -3 days 04:05:06.5', '00:00:00', '-1 days +02:03:00', 'P1Y2M3DT4H5M6.5S', 'P2W', '90 minutes'],
      ['', 'banana', '2 hours ago', '1', '1 parsec', 'P', 'PT', 'P1', '1 day 1 24:00', '1 day 12:75', '1 day 2 days', '2 hours 04:05:06'],
    ],
    [postgres('other', 'interval(3)'), ['1 day', '00:00:00.125'], ['00:00:00.1255']],
    [postgres('other', 'interval year to month'), [], ['1 day']],
    [
      postgres('other', 'money'),
      ['12.34', '-5', '92233720368547758.07'],
      ['', '$12', '1,234.50', '12.345', '92233720368547758.08', 'free'],
    ],
    [postgres('other', 'macaddr'), ['08:00:2b:01:02:03', '08-00-2B-01-02-03'], ['08:00:2b:01:02', '08:00-2b:01:02:03', 'card']],
    [postgres('other', 'macaddr8'), ['08:00:2b:01:02:03:04:05'], ['08:00:2b:01:02:03:04']],
    [postgres('json', 'jsonb'), ['{}', '1'], ['{']],
    [
      array('integer'),
      ['{}', ' { 1 , -2,null } ', '{{1,2},{3,4}}'],
      ['', '1', '{1', '{1}}', '{1}{2}', '{1,}', '{,1}', '{1,x}', '{1.5}', '{2147483648}', '{{1,2},{3}}', '{{1},2}', '{{}}', '[0:1]={1,2}'],
    ],
    [array('text'), ['{a b,"c,d","e\\"f",g\\,h,"",NULL,"NULL"}'], ['{a"b}', '{"a"b}', '{a,,b}', '{a\\}', '{"a}', '{a}x']],
    [array('character varying(2)'), ['{ab,"é\\"",NULL}'], ['{abc}', '{"a b"}']],
    [array('numeric(4,2)'), ['{99.99,-1}'], ['{100}']],
    [array('timestamp(3) with time zone'), ['{"2024-01-01 10:00:00+02"}'], ['{2024-01-01}', '{"2024-02-30 10:00:00"}']],
    [array('boolean'), ['{t,f}'], ['{2}']],
    [array('point'), ['{"(1,2)"}'], ['{(1,2)}']],
    [array('mood', { labels: ['sad', 'so so'] }), ['{}', '{sad,"so so"}'], ['{happy}']],
    [array('a_domain'), ['{}'], ['{1}', '{NULL}']],
    [
      range('integer'),
      ['empty', '[1,5)', '(,5]', '[,]', '[ 1, 5]', '["1","5"]', '[3,3)'],
      [
        '',
        '1',
        '[1]',
        '[1,2',
        '[5,1]',
        '[1,x)',
        '[1,2,3)',
        '[1,2)(3,4)',
        '{[1,2)}',
        '[1,2147483648)',
        '[1,2147483647]',
        '(2147483647,)',
        '[1,2147483647]',
        '(2147483647,)',
        '["",1)',
      ],
    ],
    [range('numeric'), ['[1.50,1.5]', '[-2,-1.9]'], ['[1.51,1.5]']],
    [range('date'), ['[2024-01-01,2024-02-29)'], ['[2024-02-29,2024-01-01)', '[2024-02-30,)']],
    [
      range('timestamp with time zone'),
      ['["2024-01-01 10:00:00+02","2024-01-01 08:00:00.5+00")', '["2024-01-01 10:00:00.50+02","2024-01-01 10:00:00.5+02"]'],
      ['["2024-01-01 10:00:00+02","2024-01-01 07:59:59+00")', '[2024-01-01,)'],
    ],
    [range('timestamp without time zone'), ['[2024-01-01 10:00:00,)'], ['["2024-01-01 10:00:00+02","2024-01-01 08:00:01")']],
    [range('double precision'), ['[1e2,2.5e2]'], ['[1e3,2.5e2]', '[NaN,)']],
    [range('money'), ['empty', '(,)'], ['[1,2]']],
    [range('text'), ['["a,b",)', '[a,a]'], ['[a,b]']],
    [
      postgres('other', 'int4multirange', { madeOf: { form: 'multirange', sqlType: 'integer' } }),
      ['{}', '{[1,2), (4,5]}', '{empty}'],
      ['[1,2)', '{[1,2)', '{[1,2),}', '{[1,2) [3,4)}', '{[2,1)}'],
    ],
  ] as const)('fits %o: %j, and not %j', (place, fitting, others) => {
    const fits = (text: string): boolean => {
      try {
        checkLiteral('constant', text, { ...textTarget, ...place });
        return true;
      } catch {
        return false;
      }
    };
    expect(fitting.filter((text) => !fits(text))).toEqual([]);
    expect(others.filter(fits)).toEqual([]);
  });

  test.each([
    [{ constant: 300 }, mysql('integer', 'tinyint'), /"constant" has a value that is no integer \(tinyint\)/],
    [{ sample: ['1', 'red'] }, mysql('integer', 'int'), /"sample" has a value that is no integer/],
    [{ shuffle: { start: ['2024-01-01', '2024-13-01'] } }, mysql('date', 'date'), /"shuffle" has a value that is no date/],
    [{ shuffle: { start: ['é'] } }, { ...mysql('binary', 'binary(1)'), maxLength: 1 }, /without room/],
    [{ constant: '{one}' }, array('integer'), /"constant" has a value that is no integer\[\]/],
    [{ constant: 'POINT(0 0)' }, mysql('other', 'point'), /is no point/],
    [{ constant: { value: 'AAAA', encoding: 'base64' } }, mysql('integer', 'int'), /base64 is for binary/],
    ['hash', mysql('other', 'geometry'), /for text and binary values, and this is geometry/],
  ] as const)('%j is refused on %o', (rule, place, why) => {
    expect(() => makeRule(rule as Rule, place)).toThrow(why);
  });
});

describe('letters', () => {
  test('of a list are looked at one by one', () => {
    expect(() => makeRule({ sample: ['a', 'é'] }, { charset: 'latin1' })).not.toThrow();
    expect(() => makeRule({ sample: ['a', 'é'] }, { charset: 'ascii' })).toThrow(/letters/);
  });

  test('of what a template is made of have to fit where it is written', () => {
    const policy = (rule: string): string =>
      `sources: {mysql: {tables: {t: {columns: {id: keep, a: ${rule}, b: {template: '{a} {id}'}}}}}}`;
    const live = shop({ t: [column('id', { type: 'integer', sqlType: 'int' }), column('a'), column('b', { charset: 'latin1' })] });
    expect(refusal(policy('keep'), live).details).toEqual([
      'mysql shop.t.b: reads "a", whose letters the character set of this column (varchar(255), latin1) does not hold',
    ]);
    expect(() => compile(policy('email'), live)).not.toThrow();
    expect(() => compile(policy('{constant: é}'), live)).not.toThrow();
    expect(refusal(policy('{constant: ł}'), live).details).toHaveLength(1);
  });
});

test('noise stays within what a float of a scale holds', () => {
  const { apply } = makeRule({ 'number-noise': 50 }, { type: 'float', sqlType: 'float(5,2)' });
  for (let n = 0; n < 50; n++) expect(Number(Buffer.from(apply(Buffer.from((999.5 + n / 100).toFixed(2)), []) ?? []))).toBeLessThan(1000);
});
