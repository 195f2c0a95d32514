import type { LiveColumn } from '../../anonymizers/index.ts';
import type { Rule } from '../../anonymizers/policy.ts';
import { cardOf, ibanOf } from './valid-numbers.ts';

/** A rule as the tests use it, with values that look like those it is for. */
export type Case = {
  readonly rule: Rule;
  readonly type: LiveColumn['type'];
  readonly sqlType?: string;
  readonly maxLength?: number;
  /** The other columns of the row, by name; null for NULL. */
  readonly row?: Readonly<Record<string, string | null>>;
  /** The n-th of any number of different realistic values; in hexadecimal digits after `hex:`. */
  readonly value: (n: number) => string;
  /** So many values stand in the vectors; 4 where left out. */
  readonly pinned?: number;
  /** What every result looks like, whatever the value. */
  readonly result: RegExp;
};

const text = 'text';
const digits = (n: number, count: number): string => String((n * 7_919 + 13) % 10 ** count).padStart(count, '0');
const person = (n: number): string => `marie.dupont${n}@acme${n % 40}.fr`;
const hex = (n: number, count: number): string => n.toString(16).padStart(count, '0');

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const bareUuidForm = /^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/i;
const anything = /^/;

/** A value of a case, or one as the vectors spell it. */
export function bytesOf(value: string): Buffer {
  return value.startsWith('hex:') ? Buffer.from(value.slice(4), 'hex') : Buffer.from(value);
}

/** The other columns of a case's row. */
export function othersOf({ row = {} }: Pick<Case, 'row'>): (Buffer | null)[] {
  return Object.values(row).map((value) => (value === null ? null : Buffer.from(value)));
}

/** At least one for every anonymizer. */
export const cases: readonly Case[] = [
  { rule: 'keep', type: text, value: person, result: anything },
  { rule: 'null', type: text, value: person, result: /^$/ },
  { rule: { constant: 'x' }, type: text, value: person, result: /^x$/ },
  { rule: { template: 'Mr {other}' }, type: text, row: { other: 'other' }, value: person, result: /^Mr other$/ },
  { rule: 'email', type: text, value: person, result: /^[a-z]+\.[a-z]+\.[a-z2-9]{16}@example\.com$/ },
  {
    rule: { email: { form: 'company', domain: 'mail.test' } },
    type: text,
    value: person,
    result: /^[a-z]+\.[a-z]+\.[a-z2-9]{16}@[a-z]+-[a-z2-9]{16}\.mail\.test$/,
  },
  { rule: 'login', type: text, value: (n) => `mdupont${n}`, result: /^[a-z]+\.[a-z2-9]{16}$/ },
  { rule: 'phone', type: text, value: (n) => `+336${digits(n, 8)}`, result: /^[-+\d ()./\u00a0\u202f]+$/ },
  { rule: 'first-name', type: text, value: (n) => `Marie ${n}`, result: /^[\p{L}-]+$/u },
  { rule: 'last-name', type: text, value: (n) => `Dupont ${n}`, result: /^[\p{L}'-]+$/u },
  { rule: 'full-name', type: text, value: (n) => `Marie Dupont ${n}`, result: /^[\p{L}-]+ [\p{L}'-]+$/u },
  { rule: 'company-name', type: text, value: (n) => `Acme ${n}`, result: /^\p{L}+ \p{L}+ [a-z2-9]{16}$/u },
  { rule: 'domain', type: text, value: (n) => `acme${n}.fr`, result: /^[a-z]+-[a-z2-9]{16}\.example\.com$/ },
  {
    rule: 'url',
    type: text,
    value: (n) => `https://www.acme${n % 10}.fr/people/${n}?q=1`,
    result: /^(?:https?|ftp|wss?):\/\/[a-z]+-[a-z2-9]{16}\.example\.com\/[a-z2-9]{16}$/,
  },
  { rule: 'street', type: text, value: (n) => `${n} rue de la Paix`, result: /^\d{1,2} [a-zé]+ des \p{L}+$/u },
  { rule: { street: { language: 'en' } }, type: text, value: (n) => `${n} High Street`, result: /^\d{1,2} \p{L}+ [A-Z][a-z]+$/u },
  { rule: 'city', type: text, value: (n) => `Lyon ${n}`, result: /^\p{Lu}[\p{L}-]+$/u },
  { rule: 'postal-code', type: text, value: (n) => digits(n, 5), result: /^[0-9A-Z -]+$/ },
  { rule: { 'postal-code': { keep: 2 } }, type: text, value: (n) => `69${digits(n, 3)}`, result: /^[0-9A-Z -]+$/ },
  {
    rule: { 'geo-point': 'latitude' },
    type: 'decimal',
    sqlType: 'decimal(9,6)',
    value: (n) => (48 + (n % 100_000) / 1_000_000).toFixed(6),
    result: /^-?\d{1,2}(?:\.\d+)?$/,
  },
  {
    rule: { 'geo-point': { part: 'pair', radius: 2000 } },
    type: text,
    value: (n) => `48.8${digits(n, 5)}, 2.35${digits(n, 4)}`,
    result: /^(?:point ?\()?-?\d+(?:\.\d+)?[,; ]+-?\d+(?:\.\d+)?\)?$/i,
  },
  { rule: 'iban', type: text, value: (n) => ibanOf('FR', `20041010050500${digits(n, 9)}`), result: /^(?:[A-Za-z]{2}|ZZ)[\dA-Za-z -]+$/ },
  { rule: 'card-number', type: text, value: (n) => cardOf(`4${String(n * 31).padStart(14, '0')}`), result: /^[\d -]{12,}$/ },
  { rule: 'token', type: text, value: (n) => `tok-${n}`, result: uuidForm },
  { rule: { token: { form: 'hex', length: 24 } }, type: text, value: (n) => `tok-${n}`, result: /^[0-9a-f]{24}$/ },
  { rule: { token: { form: 'same-shape' } }, type: text, value: (n) => `Key-${digits(n, 7)}`, result: /^[\x20-\x7e]*$/ },
  {
    rule: 'uuid',
    type: text,
    value: (n) => `6ba7b810-9dad-11d1-80b4-${hex(n, 12)}`,
    result: new RegExp(`${uuidForm.source}|${bareUuidForm.source}`, 'i'),
  },
  { rule: 'hash', type: text, value: (n) => `customer ${n}`, result: /^[0-9a-f]{32}$/ },
  {
    rule: 'ip',
    type: text,
    value: (n) => `81.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`,
    result: /^(?:10\.|2001:db8:|::ffff:10\.|0\.0\.0\.0$)/,
  },
  {
    rule: { ip: { form: 'prefix' } },
    type: text,
    value: (n) => `81.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`,
    result: /^(?:\d+\.){3}\d+$|^[0-9a-f:.]+$/,
  },
  {
    rule: { 'date-shift': { subject: 'id' } },
    type: 'date',
    sqlType: 'date',
    row: { id: '7' },
    value: (n) => new Date(n * 86_400_000).toISOString().slice(0, 10),
    result: /^\d{4}-\d\d-\d\d/,
  },
  {
    rule: { 'date-truncate': 'month' },
    type: 'date',
    sqlType: 'date',
    value: (n) => new Date(n * 86_400_000).toISOString().slice(0, 10),
    result: /^\d{4}-\d\d-(?:01|02|00)/,
  },
  { rule: { 'number-noise': 10 }, type: 'decimal', sqlType: 'decimal(10,2)', value: (n) => `${n + 1000}.50`, result: /^-?\d+(?:\.\d+)?$/ },
  { rule: { 'number-bucket': 500 }, type: 'integer', sqlType: 'int', value: (n) => String(n * 7), result: /^-?\d+(?:\.\d+)?$/ },
  { rule: { mask: { end: 2 } }, type: text, value: person, result: /^\**.{0,2}$/su },
  { rule: { truncate: 3 }, type: text, value: person, result: /^.{0,3}$/su },
  { rule: { sample: { values: ['red', 'green', 'blue'] } }, type: text, value: person, result: /^(?:red|green|blue)$/ },
  { rule: { shuffle: { window: 16, start: ['a', 'b'] } }, type: text, value: person, result: anything },
  { rule: 'text', type: text, value: (n) => `Call number ${n} back on Monday`, result: /^[a-z\s]*$/ },
  {
    rule: { scrub: { columns: { first: 'first-name' } } },
    type: text,
    row: { first: 'Marie' },
    value: (n) => `Marie wrote from ${person(n)} about +336${digits(n, 8)}.`,
    result: anything,
  },
  {
    rule: { json: { keep: ['$.theme'], paths: { '$.mail': 'email', '$.list[*]': 'phone' } } },
    type: 'json',
    value: (n) => `{"theme":"dark","mail":"${person(n)}","list":["+336${digits(n, 8)}"]}`,
    result: /^\s*\{/,
  },
  { rule: 'image', type: 'binary', value: (n) => `GIF89a${n}`, result: anything },
  {
    rule: { password: 'sha512-crypt' },
    type: text,
    value: (n) => `hash ${n}`,
    result: /^\$6\$rounds=1000\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}$/,
  },
  { rule: { password: 'found' }, type: text, value: (n) => `{SSHA}${n}`, result: anything },
  { rule: { 'device-token': 'ios' }, type: text, value: (n) => hex(n, 64), result: /^[0-9a-f]{64}$/ },
  { rule: { 'device-token': 'android' }, type: text, value: (n) => `${n}:APA91b`, result: /^[0-9a-zA-Z\-_:]{100,}$/ },
  { rule: 'fcm-key', type: text, value: (n) => `AAAA${n}:APA91b`, result: /^AAAA[\w-]{7}:APA91b[\w-]{134}$/ },
  { rule: 'apple-id', type: text, value: (n) => n.toString(36).toUpperCase().padStart(10, '0'), result: /^[0-9A-Z]{10}$/ },
  {
    rule: 'p8-key',
    type: text,
    value: (n) => `-----BEGIN PRIVATE KEY----- ${n}`,
    result: /^-----BEGIN PRIVATE KEY-----\n[\s\S]+\n-----END PRIVATE KEY-----\n$/,
  },
  { rule: 'pkcs12', type: text, value: (n) => `MII${n}`, result: /^MIIL/ },
  { rule: 'pkcs12-passphrase', type: text, value: (n) => `secret ${n}`, result: /^dyn-data$/ },
  { rule: { 'vapid-key': 'public' }, type: text, value: (n) => `BFgm${n}`, result: /^B[\w-]{86}$/ },
  {
    rule: { 'vapid-key': { part: 'private', public: 'public_key' } },
    type: text,
    row: { public_key: 'BFgm46SG' },
    value: (n) => `key ${n}`,
    result: /^[\w-]{43}$/,
  },
  {
    rule: 'push-secret',
    type: text,
    value: (n) => `6ba7b810-9dad-11d1-80b4-${hex(n, 12)}`,
    result: new RegExp(`${uuidForm.source}|${bareUuidForm.source}`, 'i'),
  },
];
