import { describe, expect, test } from 'vitest';
import { catalogue } from '../../anonymizers/index.ts';
import type { Rule } from '../../anonymizers/policy.ts';
import { DynDataError } from '../../core/index.ts';
import { hostileValues, makeRule, otherKeyText, textTarget } from './making.ts';

const parameters: Readonly<Record<string, unknown>> = {
  constant: 'x',
  template: '{other}',
  password: 'bcrypt',
  'date-shift': { subject: 'other' },
  json: { paths: { $: 'text' } },
};

const ruleOf = (name: string): Rule => ({ [name]: parameters[name] ?? {} });

describe.each(catalogue.map((anonymizer) => [anonymizer.name, anonymizer] as const))('%s', (name, anonymizer) => {
  const type = anonymizer.types === 'any' ? 'text' : (anonymizer.types[0] ?? 'text');

  test('has a name and a sentence', () => {
    expect(name).toMatch(/^[a-z-]+$/);
    expect(anonymizer.summary).toMatch(/\.$/);
  });

  test('is total and deterministic, never changes its input, and never lets it through', () => {
    const made = makeRule(ruleOf(name), { type }, { columns: ['other'] });
    const again = makeRule(ruleOf(name), { type }, { columns: ['other'] });
    for (const value of hostileValues) {
      const row = [Buffer.from('other')];
      const copy = Buffer.from(value);
      let result: Uint8Array | null;
      try {
        result = made.apply(value, row);
      } catch (error) {
        // Only JSON may refuse: a part that it cannot find it cannot replace.
        expect([name, (error as DynDataError).code]).toEqual(['json', 'DATA_UNMASKABLE']);
        if (value.length > 3) expect(String(error)).not.toContain(copy.toString());
        continue;
      }
      expect(copy.equals(value)).toBe(true);
      expect(again.apply(value, row)).toEqual(result);
      const zeroDate = name === 'date-shift' && copy.toString() === '0000-00-00';
      const whitespaceOnly = name === 'text' && value.length <= 8;
      if (name !== 'keep' && value.length > 1 && !zeroDate && !whitespaceOnly)
        expect(copy.equals(result ?? Buffer.from('NULL'))).toBe(false);
      if (result && typeof made.longest === 'number') expect([...Buffer.from(result).toString()].length).toBeLessThanOrEqual(made.longest);
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

// A change of any of these is a new version of the algorithm: it breaks the equality of old and new snapshots under one key.
test('the keyed results are pinned', () => {
  const of = (rule: Rule, value: string, type: 'text' | 'binary' | 'date' = 'text'): string => {
    const result = makeRule(rule, { type, sqlType: type }, { columns: ['other'] }).apply(Buffer.from(value), [Buffer.from('7')]);
    return Buffer.from(result ?? []).toString(type === 'binary' ? 'hex' : 'utf8');
  };
  expect({
    email: of('email', 'Marie.Dupont@Acme.fr'),
    login: of('login', 'mdupont'),
    phone: of('phone', '06 12 34 56 78'),
    noPhone: of('phone', 'none'),
    fullName: of('full-name', 'Marie Dupont'),
    company: of('company-name', 'Acme'),
    text: of('text', 'Call Marie back on Monday morning'),
    uuid: of('token', 'a'),
    hex: of({ token: { form: 'hex' } }, 'a'),
    sameShape: of({ token: { form: 'same-shape' } }, 'Key-0001'),
    hash: of('hash', 'a', 'binary'),
    bcrypt: of({ password: 'bcrypt' }, 'x'),
    ssha: of({ password: 'ssha' }, 'x'),
    ios: of({ 'device-token': 'ios' }, 'a'),
    ip: of('ip', '81.56.12.4'),
    date: of({ 'date-shift': { subject: 'other' } }, '1980-05-12', 'date'),
  }).toMatchInlineSnapshot(`
    {
      "bcrypt": "$2b$04$PggEwQD1Sw/eAblfRlGCzuikqXlpo6G6awEpYEq28Ub9eTgAPS/Y2",
      "company": "Vertex Création qjbwndqp694u9nir",
      "date": "1980-04-24",
      "email": "humphrey.ribot.gh5ri4un9ytnf23x@example.com",
      "fullName": "Morgan Hudson",
      "hash": "e7afd02b1f4040457d633c54d41e5782",
      "hex": "7d195d98bbe3fc0d7c31a864dbaeedc4",
      "ios": "12e84ab92051f48806ef616058c0ff72cb02d5547ece0edf2653ac19a723ff1c",
      "ip": "10.78.46.176",
      "login": "daisy.dcry9tf6sh6w4wdq",
      "noPhone": "+999446956468650",
      "phone": "06 39 55 52 11",
      "sameShape": "Hkv-1355",
      "ssha": "{SSHA}cwZsQoYRsZ7JGpcsBiPDrFkrWyP3aEbAzpvRbQ==",
      "text": "from in step form a indication if",
      "uuid": "871016f2-b89a-45ff-884a-159e33cb6d18",
    }
  `);
});
