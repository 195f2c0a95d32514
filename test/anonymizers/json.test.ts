import { describe, expect, test } from 'vitest';
import type { Watch } from '../../anonymizers/leak-rules.ts';
import type { Rule } from '../../anonymizers/policy.ts';
import { DynDataError } from '../../core/index.ts';
import { column, compile, shop, transformed } from './live.ts';
import { makeRule, textRule } from './making.ts';

const rule = {
  json: {
    keep: ['$.theme', '$.count', '$.ok', '$.message.user-data.id'],
    paths: {
      '$.criteria.alias[*]': 'email',
      '$.message.*': 'text',
      '$.phones[*].number': 'phone',
      '$.age': { constant: 30 },
      '$.gone': null,
      "$['odd name']": 'text',
    },
  },
};
const json = textRule(rule, { type: 'json', sqlType: 'json', place: 'aerogear public.t.c' });
const failure = (value: string | Uint8Array): DynDataError => {
  try {
    makeRule(rule, { place: 'aerogear public.t.c' }).apply(Buffer.from(value), []);
  } catch (error) {
    if (error instanceof DynDataError) return error;
  }
  throw new Error('a DynDataError was expected');
};

test('rewrites leaves by path, keeps names and order, and writes compactly', () => {
  const made = json(
    ' { "theme" : "d\\u00e9j\\u00e0", "count": 1.50, "big": null, "criteria": {"alias": [ "Marie.Dupont@Acme.fr", null ]}, "age": 41, "gone": "x", "ok":true, "list":[], "o":{}, "odd name":"secret" } ',
  );
  const email = textRule('email')('marie.dupont@acme.fr');
  expect(made?.replace(/"odd name":"[a-z ]{1,6}"/, '"odd name":"…"')).toBe(
    `{"theme":"déjà","count":1.50,"big":null,"criteria":{"alias":["${email}",null]},"age":30,"gone":null,"ok":true,"list":[],"o":{},"odd name":"…"}`,
  );
});

test('a named member goes before any member, and doubled members are both rewritten', () => {
  const made = JSON.parse(json('{"message":{"alert":"Bonjour Marie","user-data":{"id":"7"}},"phones":[{"number":"+33612345678"}]}') ?? '');
  expect(made.message.alert).toMatch(/^[a-z ]+$/);
  expect(made.message['user-data'].id).toBe('7');
  expect(made.phones[0].number).toBe(textRule('phone')('+33612345678'));
  expect(json('{"criteria":{"alias":["a@b.fr"],"alias":["c@d.fr"]}}')).not.toMatch(/a@b|c@d/);
});

test.each([
  ['{"theme":"x","other":"Marie"}', '$.other'],
  ['{"criteria":{"alias":"Marie"}}', '$.criteria.alias'],
  ['{"criteria":{"alias":[["Marie"]]}}', '$.criteria.alias[*][*]'],
  ['{"theme":{"deep":1}}', '$.theme.deep'],
  ['{"marie@acme.fr":"Marie"}', '$.?'],
  ['"Marie"', '$'],
  ['[false]', '$[*]'],
])('a leaf without a rule stops the build and is named by its path only: %s', (value, path) => {
  const error = failure(value);
  expect(error.code).toBe('DATA_UNMASKABLE');
  expect(error.message).toContain(`aerogear public.t.c ${path}:`);
  expect(error.message + error.details.join()).not.toMatch(/marie/i);
});

test.each([
  '',
  '{',
  '{"theme":"x"',
  '{"theme":"x"} {}',
  "{'theme':1}",
  '{"theme":01}',
  '{"theme":"a\nb"}',
  '{"theme":"\\x"}',
  '{"ok":true,}',
  'Marie',
  '{"theme":"',
  '{"theme":"\\',
])('what is no JSON stops the build: %j', (value) => {
  const error = failure(value);
  expect([error.code, error.message.includes('not valid JSON')]).toEqual(['DATA_UNMASKABLE', true]);
  expect(error.message).not.toContain('Marie');
});

test('depth and encoding are bounded, not trusted', () => {
  expect(failure(`${'['.repeat(5000)}1${']'.repeat(5000)}`).message).toContain('not valid JSON');
  expect(failure(Uint8Array.of(0x22, 0xff, 0x22)).message).toContain('not valid JSON');
});

test('a result that does not fit its column stops the build', () => {
  const { apply } = makeRule(rule, { maxLength: 30 });
  expect(() => apply(Buffer.from('{"criteria":{"alias":["a@b.fr"]}}'), [])).toThrow(/does not fit/);
});

test.each(['a.b', '$.a[0]', '$..a', '$.', '$[a]'])('a path that is none is refused: %s', (path) => {
  expect(() => makeRule({ json: { keep: [path] } })).toThrow(/cannot read the path/);
});

test('rules that contradict each other, or read other columns, are refused', () => {
  expect(() => makeRule({ json: { keep: ['$.a'], paths: { '$.a': 'text' } } })).toThrow(/twice/);
  expect(() => makeRule({ json: { paths: { '$.a': { template: '{b}' } } } }, {}, { columns: ['b'] })).toThrow(/inside JSON/);
});

describe('leaves that are numbers and dates', () => {
  const paths = {
    '$.salary': { 'number-noise': 20 },
    '$.age': { 'number-bucket': 10 },
    '$.born': { 'date-truncate': 'year' },
    '$.seen': { 'date-shift': { subject: 'id' } },
  };
  const made = makeRule({ json: { paths } }, { type: 'json', sqlType: 'json' }, { columns: ['id'] });
  const rewritten = (document: string, id: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(made.apply(Buffer.from(document), [Buffer.from(id)]) ?? []).toString());

  test('get what a column of their own would', () => {
    const result = rewritten('{"salary":41250,"age":"47","born":"1984-05-12T10:11:12Z","seen":"2024-03-01"}', '7');
    const noised = textRule({ 'number-noise': 20 }, { type: 'integer', sqlType: 'int' })('41250');
    const shift = makeRule({ 'date-shift': { subject: 'id' } }, { type: 'date', sqlType: 'date' }, { columns: ['id'] });
    const shifted = Buffer.from(shift.apply(Buffer.from('2024-03-01'), [Buffer.from('7')]) ?? []).toString();
    expect(result).toEqual({ salary: Number(noised), age: '40', born: '1984-01-01T00:00:00Z', seen: shifted });
    expect(made.reads).toEqual(['id']);
  });

  test('and what has no such form is replaced too', () => {
    const result = rewritten('{"salary":"41 250 €","age":true,"born":"12 May 1984","seen":"0000-00-00 Marie"}', '7');
    expect(result).toEqual({ salary: '0', age: 0, born: '1970-01-02', seen: '1970-01-02' });
  });

  test('a rule for a path reads other columns as they are', () => {
    const policy =
      'sources: {mysql: {tables: {people: {columns: {mail: email, who: {json: {paths: {$.name: {first-name: {of: mail}}}}}, first: {first-name: {of: mail}}}}}}}';
    const people = shop({ people: [column('mail'), column('who', { type: 'json', sqlType: 'json' }), column('first')] });
    const [mail, who, first] = transformed(compile(policy, people), 'people', 'marie@acme.fr', '{"name":"Marie"}', 'Marie');
    expect(JSON.parse(who ?? '')).toEqual({ name: first });
    expect(mail).toMatch(
      new RegExp(
        `^${first
          ?.normalize('NFD')
          .replaceAll(/[^A-Za-z]/g, '')
          .slice(0, 3)}`,
        'i',
      ),
    );
  });
});

test.each([
  [{ 'number-noise': 50 }, { maxLength: 2 }, ['99', '9', '-9', '1e9', 'x'], /^-?\d{1,2}$/],
  [{ 'number-bucket': 5 }, { maxLength: 3 }, ['999', '1e9', ''], /^\d{1,3}$/],
  [{ 'date-truncate': 'month' }, { maxLength: 10 }, ['1984-05-12', '0000-00-00x', ''], /^\d{4}-\d\d-\d\d$/],
] as const)('%j in a short text column stays within it', (written, target, values, form) => {
  for (const value of values) expect(textRule(written as Rule, target)(value)).toMatch(form);
});

test('dates need the room of a date', () => {
  expect(() => makeRule('date-truncate', { maxLength: 9 })).toThrow(/needs room for 10/);
});

describe('what is no JSON, with a rule for it', () => {
  const of = (otherwise: Rule, target = {}) => makeRule({ json: { paths: { '$.a': 'email' }, otherwise } }, target);
  const result = (otherwise: Rule, value: string | Uint8Array): string | null => {
    const found = of(otherwise).apply(Buffer.from(value), []);
    return found && Buffer.from(found).toString();
  };

  test.each(['', 'Marie', '{"a":', `${'['.repeat(500)}${']'.repeat(500)}`, Uint8Array.of(0x22, 0xff, 0x22)])('gets it: %o', (value) => {
    expect(result({ constant: '{}' }, value)).toBe('{}');
    expect(result(null, value)).toBeNull();
    expect(result('token', value)).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('and what is JSON does not, nor a path without a rule', () => {
    expect(result(null, '{"a":"marie@acme.fr"}')).toBe(`{"a":"${textRule('email')('marie@acme.fr')}"}`);
    expect(() => result(null, '{"b":1}')).toThrow(/does not decide/);
  });

  test('is a rule that fits the column and hides the value', () => {
    expect(() => of('keep')).toThrow(/cannot keep what is no JSON/);
    expect(() => of(null, { nullable: false })).toThrow(/NOT NULL/);
    expect(() => of('token', { maxLength: 20 })).toThrow(/room/);
  });

  test('is watched by the leak scan where its rule is', () => {
    const watched: string[] = [];
    const { leaks } = of('email');
    const watch: Watch = (kind, bytes, start = 0, end = bytes.length) =>
      void watched.push(`${kind} ${Buffer.from(bytes.subarray(start, end))}`);
    for (const value of ['jean@acme.fr', '{"a":"marie@acme.fr"}']) leaks?.observe?.(Buffer.from(value), watch, []);
    expect(watched).toEqual(['email jean@acme.fr', 'email marie@acme.fr']);
  });
});
