import { isUtf8 } from 'node:buffer';
import { createPrivateKey } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { catalogue, type LiveColumn, type Value } from '../../anonymizers/index.ts';
import { type Rule, readRule } from '../../anonymizers/policy.ts';
import { DynDataError } from '../../core/index.ts';
import { cases } from './cases.ts';
import { hostileValues, makeRule } from './making.ts';
import { moreCases } from './more-cases.ts';
import { cardOf, ibanOf, isCardNumber, isIban } from './valid-numbers.ts';

type Type = LiveColumn['type'];
type OfType = { readonly sqlType: string; readonly natural: readonly string[]; readonly form?: RegExp };

const dateForm = /^\d{4}-\d\d-\d\d$/;
/** What a server would give of a column of each type, and what it would take. */
const types: Readonly<Record<Type, OfType>> = {
  text: { sqlType: 'varchar(500)', natural: ['Marie Dupont', 'a@b.fr', '0612345678', '1984-05-12', '19840512101112Z', '41250.00', ''] },
  json: { sqlType: 'json', natural: ['{"mail":"a@b.fr"}', '{"theme":"dark","list":[]}'] },
  binary: { sqlType: 'varbinary(5000)', natural: ['xxxx', '0123456789abcdef'] },
  integer: { sqlType: 'int', natural: ['42', '-7', '0', '2147483647'], form: /^-?\d+$/ },
  decimal: { sqlType: 'decimal(10,2)', natural: ['12.50', '-99999999.99', '0.00'], form: /^-?\d+(?:\.\d+)?$/ },
  float: { sqlType: 'double', natural: ['1.5e10', '-0', '3', '0.1'], form: /^-?\d+(?:\.\d+)?(?:e[-+]?\d+)?$/i },
  boolean: { sqlType: 'boolean', natural: ['t', 'f'] },
  bit: { sqlType: 'bit(8)', natural: ['5'] },
  date: { sqlType: 'date', natural: ['1984-05-12', '1000-01-01', '9999-12-31', '0000-00-00'], form: dateForm },
  time: { sqlType: 'time', natural: ['10:00:00'] },
  datetime: {
    sqlType: 'datetime(6)',
    natural: ['1984-05-12 10:11:12', '1984-05-12 10:11:12.123456', '2024-01-01 10:00:00+02', '0000-00-00 00:00:00'],
    form: /^\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d(?::?\d\d)?)?)?$/,
  },
  year: { sqlType: 'year', natural: ['1984', '0000'], form: /^\d{4}$/ },
  enum: { sqlType: "enum('red','x')", natural: ['red'] },
  set: { sqlType: "set('x','y')", natural: ['x', 'x,y'] },
  uuid: {
    sqlType: 'uuid',
    natural: ['6ba7b810-9dad-11d1-80b4-00c04fd430c8'],
    form: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  },
  other: { sqlType: 'inet', natural: ['10.0.0.1', '(2.352222,48.856613)'] },
};

/** What rules that write what they are given must be given. */
const literals: Readonly<Partial<Record<Type, string>>> = {
  json: '{}',
  integer: '7',
  decimal: '7.50',
  float: '7.5',
  boolean: 'false',
  bit: '1',
  date: '1970-01-02',
  time: '00:00:00',
  datetime: '1970-01-02 00:00:00',
  year: '1970',
  uuid: '00000000-0000-4000-8000-000000000000',
  other: '10.0.0.1',
};

/** The rule as it can stand on a type; undefined where its own parameters say that it cannot. */
function ruleFor(rule: Rule, type: Type): Rule | undefined {
  const { name, parameters } = readRule(rule);
  const literal = literals[type] ?? 'x';
  const given = parameters as Readonly<Record<string, unknown>>;
  switch (name) {
    case 'constant':
      return given.encoding === 'base64' ? undefined : { constant: literal };
    case 'sample':
      return { sample: { values: [literal] } };
    case 'shuffle':
      return { shuffle: { window: 16, start: [literal] } };
    case 'token':
      return type === 'uuid' ? 'token' : rule;
    case 'geo-point': {
      const isPair = (given.part ?? given) === 'pair';
      return type === 'text' || isPair === (type === 'other') ? rule : undefined;
    }
    case 'date-truncate':
      return type === 'date' && parameters === 'hour' ? undefined : rule;
    default:
      return rule;
  }
}

const places = [...cases, ...moreCases].flatMap((one) => {
  const entry = catalogue.find(({ name }) => name === readRule(one.rule).name);
  const declared = entry === undefined ? [] : entry.types === 'any' ? (Object.keys(types) as Type[]) : entry.types;
  return declared.flatMap((type) => {
    const rule = ruleFor(one.rule, type);
    return rule === undefined || entry === undefined ? [] : [{ rule, type, columns: Object.keys(one.row ?? {}), facts: entry.facts }];
  });
});
const distinctPlaces = [...new Map(places.map((place) => [JSON.stringify([place.rule, place.type]), place])).entries()];

/** Results that are what others were, or only checked where they came from. */
const writesValues = new Set(['keep', 'shuffle']);

describe.each(distinctPlaces)('%s', (_, { rule, type, columns, facts }) => {
  const { natural, form } = types[type];
  const { name } = readRule(rule);
  const sqlType = name === 'geo-point' && type === 'other' ? 'point' : types[type].sqlType;
  const make = () => makeRule(rule, { type, sqlType }, { columns });
  const isNatural = (value: Uint8Array): boolean => natural.includes(Buffer.from(value).toString());

  test('is total and deterministic beside any other columns, and what it writes is of the type', () => {
    const [first, again] = [make(), make()];
    const bytes = fc.oneof(
      fc.constantFrom(...natural.map((text) => new Uint8Array(Buffer.from(text)))),
      fc.constantFrom(...hostileValues),
      fc.uint8Array({ maxLength: 60 }),
    );
    const others = fc.tuple(...columns.map(() => fc.option(bytes)));
    fc.assert(
      fc.property(bytes, others, (value, row) => {
        let result: Value;
        try {
          result = first.apply(value, row);
        } catch (error) {
          if (!(error instanceof DynDataError)) throw error;
          // No document, or a hash without room.
          expect([facts.length, error.code]).toEqual(['checked', 'DATA_UNMASKABLE']);
          return;
        }
        expect(Buffer.from(again.apply(value, row) ?? []).equals(Buffer.from(result ?? []))).toBe(true);
        if (result === null) return;
        const shown = Buffer.from(result).toString();
        const length = type === 'binary' ? result.length : [...shown].length;
        if (typeof first.longest === 'number') expect(length).toBeLessThanOrEqual(first.longest);
        if (facts.length === 'input' && facts.decidedBy !== 'order' && isUtf8(value))
          expect(length).toBeLessThanOrEqual(type === 'binary' ? value.length : [...Buffer.from(value).toString()].length);
        // Dates that MySQL writes for none stay none.
        if (form && (!writesValues.has(name) || (name === 'keep' && isNatural(value))) && !shown.startsWith('0000'))
          expect(shown).toMatch(form);
      }),
      { numRuns: 60, seed: 1 },
    );
  });
});

const textOf = (made: Value): string => Buffer.from(made ?? []).toString();
/** What a rule gives on a column of text. */
const applied = (rule: Rule): ((value: Uint8Array) => string) => {
  const { apply } = makeRule(rule);
  return (value) => textOf(apply(value, []));
};
const anyText = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => new Uint8Array(Buffer.from(text))),
);
const digits = (count: number) => fc.array(fc.nat(9), { minLength: count, maxLength: count }).map((list) => list.join(''));
const account = fc
  .tuple(
    fc.constantFrom('FR', 'DE', 'GB', 'NL', 'BE', 'ES', 'NO', 'MT'),
    fc.array(fc.constantFrom(...'0123456789ABCXYZ'), { minLength: 11, maxLength: 30 }),
  )
  .map(([country, letters]) => new Uint8Array(Buffer.from(ibanOf(country, letters.join('')))));
const card = fc
  .tuple(fc.constantFrom('4', '51', '37', '6011', '62', '30'), digits(12))
  .map(([brand, rest]) => new Uint8Array(Buffer.from(cardOf(`${brand}${rest}`.slice(0, 15)))));

describe('validators of what is written, whatever is read', () => {
  test('an IBAN has the remainder 1 of 97', () => {
    const iban = applied('iban');
    fc.assert(
      fc.property(fc.oneof(account, anyText), (value) => isIban(iban(value))),
      { numRuns: 600, seed: 1 },
    );
  });

  test('a card number passes Luhn', () => {
    const number = applied('card-number');
    fc.assert(
      fc.property(fc.oneof(card, anyText), (value) => isCardNumber(number(value))),
      { numRuns: 600, seed: 1 },
    );
  });

  test('a p8 key parses as a key on P-256', () => {
    const key = applied('p8-key');
    fc.assert(
      fc.property(anyText, (value) => createPrivateKey(key(value)).asymmetricKeyDetails?.namedCurve === 'prime256v1'),
      { numRuns: 100, seed: 1 },
    );
  });

  test('a PKCS#12 opens with its passphrase', () => {
    const [store, passphrase] = [applied('pkcs12'), applied('pkcs12-passphrase')];
    fc.assert(
      fc.property(anyText, anyText, (value, secret) => {
        createSecureContext({ pfx: Buffer.from(store(value), 'base64'), passphrase: passphrase(secret) });
      }),
      { numRuns: 5, seed: 1 },
    );
  });

  test('a web push subscription has an endpoint nowhere and keys of their lengths', () => {
    const subscription = applied({ 'device-token': 'webpush' });
    fc.assert(
      fc.property(anyText, (value) => {
        const { endpoint, keys } = JSON.parse(Buffer.from(subscription(value), 'base64').toString());
        expect(new URL(endpoint).hostname).toBe('push.example.com');
        expect([Buffer.from(keys.p256dh, 'base64url').length, Buffer.from(keys.auth, 'base64url').length]).toEqual([65, 16]);
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  test('an e-mail, a URL and a UUID are read by who reads such', () => {
    const [email, url, uuid] = [applied({ email: { form: 'company' } }), applied('url'), applied('uuid')];
    fc.assert(
      fc.property(anyText, (value) => {
        expect(email(value)).toMatch(/^[a-z0-9._-]{1,64}@(?:[a-z0-9-]{1,63}\.)+(?:com|test|example)$/);
        expect(new URL(url(value)).hostname).toMatch(/\.example\.com$/);
        expect(uuid(value)).toMatch(/^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i);
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});
