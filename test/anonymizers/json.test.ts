import { expect, test } from 'vitest';
import { DynDataError } from '../../core/index.ts';
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
