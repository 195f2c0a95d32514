import type { Rule } from '../../anonymizers/policy.ts';
import type { Case } from './cases.ts';
import { cardOf, ibanOf } from './valid-numbers.ts';

const text = 'text';
const digits = (n: number, count: number): string => String((n * 7_919 + 13) % 10 ** count).padStart(count, '0');
const hex = (n: number, count: number): string => n.toString(16).padStart(count, '0');
const person = (n: number): string => `marie.dupont${n}@acme${n % 40}.fr`;
const day = (n: number): string => new Date(n * 86_400_000).toISOString().slice(0, 10);
const anything = /^/;
const pushTokens = (n: number): string =>
  [
    hex(n, 64),
    `fcm${n}:APA91b${'x'.repeat(100)}`,
    Buffer.from(JSON.stringify({ endpoint: `https://fcm.googleapis.com/${n}`, keys: { p256dh: 'a', auth: 'b' } })).toString('base64'),
  ][n % 3] as string;

/** One value of each scheme that `password: found` tells by its form. */
const hashes = [
  `$2y$12$${'a'.repeat(53)}`,
  `{BCRYPT}$2a$12$${'a'.repeat(53)}`,
  '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA',
  '{ARGON2}$argon2i$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA',
  '$argon2d$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA',
  '{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g3xvQnXQ==',
  '{ssha256}x',
  '{SSHA384}x',
  '{SSHA512}x',
  '{SMD5}x',
  '{SHA}x',
  '{SHA256}x',
  '{SHA384}x',
  '{SHA512}x',
  '{MD5}x',
  '{PBKDF2}10000$x$y',
  '{PBKDF2-SHA256}10000$x$y',
  '{PBKDF2-SHA512}10000$x$y',
  'pbkdf2_sha256$1000$salt$hash',
  'pbkdf2_sha1$1000$salt$hash',
  '{CRYPT}$1$abcdefgh$x',
  '$5$rounds=1000$abcdefgh$x',
  '$6$abcdefgh$x',
  'a'.repeat(32),
  'a'.repeat(40),
  'a'.repeat(64),
  'a'.repeat(128),
  'hunter2',
];

const schemes = [
  'bcrypt',
  'argon2id',
  'argon2i',
  'argon2d',
  'ssha',
  'ssha256',
  'ssha384',
  'ssha512',
  'smd5',
  'sha',
  'sha256',
  'sha384',
  'sha512',
  'md5',
  'ldap-pbkdf2-sha1',
  'ldap-pbkdf2-sha256',
  'ldap-pbkdf2-sha512',
  'django-pbkdf2-sha256',
  'django-pbkdf2-sha1',
  'md5-crypt',
  'sha256-crypt',
  'hex-md5',
  'hex-sha1',
  'hex-sha256',
  'hex-sha512',
  'plain',
];

const numbers = [
  (n: number): string => `06${digits(n, 8)}`,
  (n: number): string => `+33 (0)1 ${digits(n, 8).replaceAll(/(..)(?=.)/g, '$1 ')}`,
  (n: number): string => `0033 7.${digits(n, 8).replaceAll(/(..)(?=.)/g, '$1.')}`,
  (n: number): string => `+44 20 ${digits(n, 8)}`,
  (n: number): string => `+1 (212) ${digits(n, 7).replace(/^(...)/, '$1-')}`,
  (n: number): string => `+49 151 ${digits(n, 8)}`,
  (n: number): string => `+212 6${digits(n, 8)}`,
  (n: number): string => `tel:+3247${digits(n, 7)}`,
];

const pictures = [
  '89504e470d0a1a0a',
  'ffd8ffe1',
  '474946383761',
  '524946460000000057454250',
  '424d9a00000000000000',
  '49492a00',
  '4d4d002a',
  '000001000100',
];

/** Not written as a literal: an object that has a `then` passes for a promise. */
function companyWhen(is: string | readonly (string | null)[]): Rule {
  const branches = Object.fromEntries([
    ['then', 'company-name'],
    ['else', 'full-name'],
  ]);
  return { when: { column: 'kind', is, ...branches } };
}

/** Forms and parameters beside those of `cases`: with them, every output that depends on a key or an option has a case. */
export const moreCases: readonly Case[] = [
  { rule: { email: { identity: 'staff.email' } }, type: text, value: person, result: /@example\.com$/ },
  { rule: { email: { form: 'company' } }, type: text, value: (n) => `marie${n}@acme${n % 7}.fr`, result: /@[a-z]+-[a-z2-9]{16}\./ },
  { rule: { login: { identity: 'staff.login' } }, type: text, value: (n) => `MDupont${n}`, result: /^[a-z]+\.[a-z2-9]{16}$/ },
  { rule: 'phone', type: text, value: (n) => (numbers[n % numbers.length] as (n: number) => string)(n), pinned: 16, result: anything },
  { rule: { 'first-name': { of: 'mail' } }, type: text, row: { mail: person(1) }, value: (n) => `Marie ${n}`, result: /^[\p{L}-]+$/u },
  { rule: { 'last-name': { of: 'mail' } }, type: text, row: { mail: person(1) }, value: (n) => `Dupont ${n}`, result: /^[\p{L}'-]+$/u },
  {
    rule: { 'full-name': { of: 'mail', of_identity: 'staff.email' } },
    type: text,
    row: { mail: person(1) },
    value: (n) => `Marie Dupont ${n}`,
    result: /^[\p{L}-]+ [\p{L}'-]+$/u,
  },
  { rule: { 'full-name': { of: 'mail' } }, type: text, row: { mail: null }, value: (n) => `Marie Dupont ${n}`, result: /^[\p{L}-]+ /u },
  { rule: { 'company-name': { token: false } }, type: text, value: (n) => `Acme ${n}`, result: /^\p{L}+ \p{L}+$/u },
  { rule: { street: { language: 'fr' } }, type: text, value: (n) => `${n} High Street`, result: /^\d{1,2} [a-zé]+ des \p{L}+$/u },
  { rule: { city: { language: 'fr' } }, type: text, value: (n) => `Leeds ${n}`, result: /^\p{Lu}[\p{L}-]+$/u },
  { rule: { city: { language: 'en' } }, type: text, value: (n) => `Lyon ${n}`, result: /^\p{Lu}[\p{L} -]+$/u },
  { rule: 'postal-code', type: text, value: (n) => `SW${n % 10}A ${digits(n, 1)}AA`, result: anything },
  {
    rule: { 'geo-point': { part: 'longitude', radius: 50 } },
    type: 'float',
    value: (n) => `2.35${digits(n, 6)}`,
    result: /^-?\d+(?:\.\d+)?/,
  },
  { rule: { 'geo-point': 'pair' }, type: text, value: (n) => `POINT(2.35${digits(n, 4)} 48.8${digits(n, 4)})`, result: anything },
  {
    rule: 'iban',
    type: text,
    value: (n) =>
      n % 2 === 0
        ? ibanOf('GB', `NWBK601613${digits(n, 8)}`).replaceAll(/(....)(?=.)/g, '$1 ')
        : ibanOf('DE', `3704004405${digits(n, 8)}`).toLowerCase(),
    result: anything,
  },
  {
    rule: 'card-number',
    type: text,
    value: (n) => cardOf(`${['4', '5', '37', '6011'][n % 4]}${digits(n, 11)}`).replaceAll(/(....)(?=.)/g, '$1 '),
    result: anything,
  },
  { rule: { token: { form: 'hex', prefix: 'tok_', suffix: '.x' } }, type: text, value: (n) => `tok-${n}`, result: /^tok_[0-9a-f]{32}\.x$/ },
  { rule: { token: { form: 'uuid', prefix: 'id-' } }, type: text, value: (n) => `tok-${n}`, result: /^id-[0-9a-f]{8}-/ },
  { rule: 'token', type: 'uuid', value: (n) => `6ba7b810-9dad-11d1-80b4-${hex(n, 12)}`, result: /^[0-9a-f-]{36}$/ },
  { rule: 'uuid', type: 'uuid', value: (n) => `6ba7b810-9dad-11d1-80b4-${hex(n, 12)}`, result: /^[0-9a-f-]{36}$/ },
  { rule: 'uuid', type: 'binary', value: (n) => `0123456789a${hex(n, 5)}`, result: anything },
  { rule: 'push-secret', type: 'uuid', value: (n) => `6ba7b810-9dad-11d1-80b4-${hex(n, 12)}`, result: /^[0-9a-f-]{36}$/ },
  { rule: 'push-secret', type: 'binary', value: (n) => `0123456789a${hex(n, 5)}`, result: anything },
  { rule: 'hash', type: 'binary', value: (n) => `customer ${n}`, result: anything },
  { rule: { hash: { length: 64 } }, type: text, value: (n) => `customer ${n}`, result: /^[0-9a-f]{64}$/ },
  { rule: 'ip', type: text, value: (n) => `2a01:e0a:1${hex(n, 3)}::${hex(n, 4)}`, result: anything },
  { rule: { ip: { form: 'prefix' } }, type: text, value: (n) => `2a01:e0a:1${hex(n, 3)}::${hex(n, 4)}`, result: anything },
  { rule: 'ip', type: 'binary', value: (n) => `Q8${hex(n, 2).slice(-2)}`, result: anything },
  { rule: { ip: { form: 'prefix' } }, type: 'binary', value: (n) => `Q8${hex(n, 2).slice(-2)}`, result: anything },
  { rule: { ip: { form: 'prefix' } }, type: 'binary', value: (n) => `0123456789a${hex(n, 5)}`, result: anything },
  {
    rule: { 'date-shift': { subject: 'id', days: 30 } },
    type: 'datetime',
    sqlType: 'datetime(6)',
    row: { id: '7' },
    value: (n) => `${day(n)} 10:11:12.123456`,
    result: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/,
  },
  { rule: { 'date-shift': { subject: 'id' } }, type: 'date', row: { id: null }, value: day, result: /^\d{4}-\d\d-\d\d/ },
  { rule: { 'date-truncate': 'hour' }, type: 'datetime', sqlType: 'datetime', value: (n) => `${day(n)} 10:11:12`, result: /:00:00/ },
  { rule: { 'date-truncate': 'year' }, type: 'date', sqlType: 'date', value: day, result: /^\d{4}-(?:01-01|00-00|01-02)/ },
  { rule: { 'date-truncate': 'day' }, type: 'datetime', sqlType: 'datetime', value: (n) => `${day(n)} 10:11:12`, result: / 00:00:00/ },
  {
    rule: { 'number-noise': { percent: 25, subject: 'id' } },
    type: 'integer',
    sqlType: 'int',
    row: { id: '7' },
    value: (n) => String(n + 1000),
    result: /^-?\d+$/,
  },
  { rule: { 'number-noise': 10 }, type: 'float', sqlType: 'double', value: (n) => `${n + 1}.5`, result: /^-?\d+(?:\.\d+)?/ },
  { rule: { 'number-bucket': 10 }, type: 'decimal', sqlType: 'decimal(10,2)', value: (n) => `${n}.75`, result: /^-?\d+(?:\.\d+)?$/ },
  { rule: { mask: { start: 1, end: 1, sign: '#' } }, type: text, value: person, result: /^.?#*.?$/su },
  { rule: { 'date-truncate': 'decade' }, type: 'date', sqlType: 'date', value: day, result: /^\d{3}[0-9]-/ },
  { rule: { constant: { value: 'AAEC', encoding: 'base64' } }, type: 'binary', value: (n) => `bytes ${n}`, result: anything },
  { rule: { constant: 7 }, type: 'integer', sqlType: 'int', value: (n) => String(n + 10), result: /^7$/ },
  { rule: { sample: { values: [1, 2, 2, 3] } }, type: 'integer', sqlType: 'int', value: (n) => String(n + 10), result: /^[123]$/ },
  { rule: { shuffle: { window: 16, start: [30, 40] } }, type: 'integer', sqlType: 'int', value: (n) => String(n % 90), result: anything },
  {
    rule: companyWhen(['company', null]),
    type: text,
    row: { kind: 'company' },
    value: (n) => `Acme ${n}`,
    result: /^\p{L}+ \p{L}+ [a-z2-9]{16}$/u,
  },
  {
    rule: companyWhen('company'),
    type: text,
    row: { kind: null },
    value: (n) => `Marie Dupont ${n}`,
    result: /^[\p{L}-]+ [\p{L}'-]+$/u,
  },
  { rule: 'image', type: 'binary', value: (n) => `hex:${pictures[n % pictures.length]}`, pinned: 8, result: anything },
  ...schemes.map((scheme): Case => ({ rule: { password: scheme }, type: text, value: (n) => `hash ${n}`, pinned: 1, result: /./ })),
  {
    rule: { password: { scheme: 'bcrypt', cost: 5, variant: '2y' } },
    type: text,
    value: (n) => `hash ${n}`,
    pinned: 1,
    result: /^\$2y\$05\$/,
  },
  { rule: { password: { scheme: 'bcrypt', variant: '2a' } }, type: text, value: (n) => `hash ${n}`, pinned: 1, result: /^\$2a\$04\$/ },
  { rule: { password: 'found' }, type: text, value: (n) => hashes[n % hashes.length] as string, pinned: hashes.length, result: anything },
  { rule: { password: 'ssha' }, type: 'binary', value: (n) => `{SSHA}${n}`, pinned: 1, result: anything },
  { rule: 'device-token', type: text, value: pushTokens, pinned: 6, result: /^[\w:=+/-]+$/ },
  { rule: { 'device-token': 'webpush' }, type: text, value: pushTokens, result: /^[\w=+/-]+$/ },
];
