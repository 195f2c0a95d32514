import { createHash, ECDH } from 'node:crypto';
import bcrypt from 'bcryptjs';
import { describe, expect, test } from 'vitest';
import { makeRule, otherKeyText, textRule } from './making.ts';

describe('text', () => {
  const text = textRule('text');

  test('lines stay lines of about their length, and nothing else is left', () => {
    const original = 'Rappeler Marie Dupont au 06 12 34 56 78.\r\n\r\nmarie@acme.fr\n  x  ';
    const made = text(original) ?? '';
    const lines = made.split(/\r\n|\n/);
    expect(lines).toHaveLength(4);
    expect(made.match(/\r\n|\n/g)).toEqual(['\r\n', '\r\n', '\n']);
    expect(lines[0]?.length).toBeGreaterThan(30);
    expect(lines[0]?.length).toBeLessThanOrEqual(40);
    expect([lines[1], lines[3]?.length]).toEqual(['', 1]);
    expect(made).toMatch(/^[a-z \r\n]*$/);
    expect(text(original)).toBe(made);
    expect(textRule('text', {}, { key: otherKeyText })(original)).not.toBe(made);
  });

  test('never longer than it was, in characters', () => {
    for (let length = 0; length < 80; length++) expect((text('é'.repeat(length)) ?? '').length).toBeLessThanOrEqual(length);
  });
});

describe('token and hash', () => {
  test('same-shape keeps classes and signs, and is a permutation', () => {
    const token = textRule({ token: { form: 'same-shape' } });
    expect(token('AbC-123_xyz')).toMatch(/^[A-Z][a-z][A-Z]-\d{3}_[a-z]{3}$/);
    expect(token('AbC-123_xyz')).not.toBe('AbC-123_xyz');
    const all = new Set(Array.from({ length: 100_000 }, (_, index) => token(`E${String(index).padStart(5, '0')}`)));
    expect(all.size).toBe(100_000);
    expect(new Set(Array.from({ length: 1000 }, (_, index) => token(String(index).padStart(3, '0')))).size).toBe(1000);
  });

  test('same-shape replaces what has other letters, or no letters, by letters that fit', () => {
    const token = textRule({ token: { form: 'same-shape' } }, { maxLength: 14 });
    for (const value of ['clé secrète', '---', '鍵']) expect(token(value)).toMatch(/^[a-z2-9]{14}$/);
  });

  test('uuid and hex are unique over 100,000 values and have their form', () => {
    const uuid = textRule('token', { type: 'uuid' });
    const hex = textRule({ token: { form: 'hex', length: 20, prefix: 'c', suffix: '.example.com' } }, { maxLength: 33 });
    expect(uuid('a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(hex('a')).toMatch(/^c[0-9a-f]{20}\.example\.com$/);
    const values = Array.from({ length: 100_000 }, (_, index) => String(index));
    expect(new Set(values.map(uuid)).size).toBe(100_000);
    expect(new Set(values.map(hex)).size).toBe(100_000);
  });

  test('hash gives digits or bytes', () => {
    expect(textRule('hash')('a')).toMatch(/^[0-9a-f]{32}$/);
    expect(makeRule({ hash: { length: 16 } }, { type: 'binary' }).apply(Buffer.from('a'), [])).toHaveLength(8);
  });
});

describe('password', () => {
  test.each(['2a', '2b', '2y'])('bcrypt %s verifies the development password', (variant) => {
    const hash = textRule({ password: { scheme: 'bcrypt', variant } }, { maxLength: 60 })('$2a$10$whatever') ?? '';
    expect(hash).toMatch(new RegExp(`^\\$${variant}\\$04\\$.{53}$`));
    expect(bcrypt.compareSync('dev-password', hash)).toBe(true);
    expect(bcrypt.compareSync('other', hash)).toBe(false);
  });

  test.each([
    ['ssha', '{SSHA}', 'sha1', 20],
    ['ssha512', '{SSHA512}', 'sha512', 64],
  ] as const)('%s verifies as OpenLDAP does', (scheme, prefix, algorithm, length) => {
    const hash = textRule({ password: scheme })('{SSHA}x') ?? '';
    expect(hash.startsWith(prefix)).toBe(true);
    const bytes = Buffer.from(hash.slice(prefix.length), 'base64');
    expect(createHash(algorithm).update('dev-password').update(bytes.subarray(length)).digest()).toEqual(bytes.subarray(0, length));
  });

  test('plain is the password; another scheme is refused', () => {
    expect(textRule({ password: 'plain' })('x')).toBe('dev-password');
    expect(() => textRule({ password: 'md4' })).toThrow(/scheme/);
  });
});

describe('device-token', () => {
  const token = textRule('device-token');
  const subscription = (endpoint: string): string =>
    Buffer.from(JSON.stringify({ endpoint, keys: { p256dh: 'x', auth: 'y' } })).toString('base64');

  test('the form tells the platform, and the result passes its validator', () => {
    expect(token('0123456789abcdef'.repeat(4))).toMatch(/^[a-f0-9 -]{64,}$/);
    expect(token('0123456789ABCDEF'.repeat(4))).toBe(token('0123456789abcdef'.repeat(4)));
    expect(token(`abc:APA91b${'x'.repeat(140)}`)).toMatch(/^[0-9a-zA-Z\-_:]{100,}$/);
    const web = JSON.parse(Buffer.from(token(subscription('https://push.acme.fr/1')) ?? '', 'base64').toString());
    expect(web.endpoint).toMatch(/^https:\/\/push\.example\.com\//);
    expect(Buffer.from(web.keys.auth, 'base64url')).toHaveLength(16);
    // Throws where the point is not on the curve.
    ECDH.convertKey(Buffer.from(web.keys.p256dh, 'base64url'), 'prime256v1');
  });

  test('what is no token becomes an Android one; a platform that is given is obeyed', () => {
    expect(token('?')).toMatch(/^[0-9a-zA-Z\-_:]{100,}$/);
    expect(textRule({ 'device-token': 'ios' })('?')).toMatch(/^[a-f0-9]{64}$/);
  });

  test('unique over 100,000 tokens', () => {
    const seen = new Set<string | null>();
    for (let index = 0; index < 100_000; index++) seen.add(token(index.toString(16).padStart(64, '0')));
    expect(seen.size).toBe(100_000);
    expect(new Set(Array.from({ length: 2000 }, (_, index) => token(subscription(`https://a.fr/${index}`)))).size).toBe(2000);
  });
});

describe('ip', () => {
  const ip = textRule('ip');

  test('addresses stay addresses of their family, in ranges that belong to nobody', () => {
    expect(ip('81.56.12.4')).toMatch(/^10\.\d+\.\d+\.\d+$/);
    expect(ip('2a01:e0a::1')).toMatch(/^2001:db8(:[0-9a-f]{1,4}){6}$/);
    expect(ip('2a01:e0a::1')).toBe(ip('2A01:0E0A:0:0:0:0:0:1'));
    expect(ip('::ffff:81.56.12.4')).toBe(`::ffff:${ip('81.56.12.4')}`);
    expect(ip('no address')).toBe('0.0.0.0');
  });

  test('bytes give the same address as text', () => {
    const { apply } = makeRule('ip', { type: 'binary' });
    expect(apply(Uint8Array.of(81, 56, 12, 4), [])?.join('.')).toBe(ip('81.56.12.4'));
    expect(apply(new Uint8Array(16).fill(1), [])).toHaveLength(16);
    expect(apply(Uint8Array.of(1, 2, 3), [])).toEqual(new Uint8Array(3));
  });
});

describe('date-shift', () => {
  const shift = (value: string, subject: string | null, type: 'date' | 'datetime' = 'date', sqlType: string = type): string => {
    const { apply } = makeRule({ 'date-shift': { subject: 'id', days: 30 } }, { type, sqlType }, { columns: ['id'] });
    return Buffer.from(apply(Buffer.from(value), [subject === null ? null : Buffer.from(subject)]) ?? '').toString();
  };
  const days = (a: string, b: string): number => (Date.parse(a) - Date.parse(b)) / 86_400_000;

  test('one subject moves by one number of days, never by none; another one by its own', () => {
    const moved = Array.from({ length: 200 }, (_, id) => days(shift('1980-05-12', String(id)), '1980-05-12'));
    expect(moved.every((by) => Number.isInteger(by) && by !== 0 && Math.abs(by) <= 30)).toBe(true);
    expect(new Set(moved).size).toBeGreaterThan(40);
    expect(days(shift('2000-02-29', '7'), '2000-02-29')).toBe(days(shift('1980-05-12', '7'), '1980-05-12'));
    expect(shift('1980-05-12', null)).not.toBe('1980-05-12');
  });

  test('the time of day stays, and the range of the type is not left', () => {
    expect(shift('2024-05-01 13:45:10.123456', '1', 'datetime')).toMatch(/^2024-0[3-6]-\d{2} 13:45:10\.123456$/);
    for (let id = 0; id < 50; id++) {
      expect(shift('2038-01-10 00:00:00', String(id), 'datetime', 'timestamp') < '2038-01-19').toBe(true);
      expect(shift('9999-12-31', String(id)) <= '9999-12-31').toBe(true);
    }
  });

  test.each(['2024-02-30', 'infinity', '0044-03-15 BC', '', '2024-00-10'])('what is no date is replaced: %s', (value) => {
    expect(shift(value, '1')).toBe('1970-01-02');
  });

  test('a zero date stays one', () => {
    expect(shift('0000-00-00', '1')).toBe('0000-00-00');
  });
});

describe('template', () => {
  test('takes other columns and leaves out what is NULL', () => {
    const { apply, stage, reads } = makeRule({ template: '{first} {last} (staff)' }, { maxLength: 20 }, { columns: ['first', 'last'] });
    const made = (...row: (string | null)[]): string =>
      Buffer.from(
        apply(
          Buffer.from('x'),
          row.map((value) => (value === null ? null : Buffer.from(value))),
        ) ?? '',
      ).toString();
    expect([stage, reads]).toEqual(['after', ['first', 'last']]);
    expect(made('Ann', 'Lee')).toBe('Ann Lee (staff)');
    expect(made(null, 'Lee')).toBe('Lee (staff)');
    expect(made('Bartholomew', 'Featherstone')).toHaveLength(20);
    expect(() => makeRule({ template: 'constant' })).toThrow(/names no column/);
  });
});
