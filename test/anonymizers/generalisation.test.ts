import { describe, expect, test } from 'vitest';
import { makeRule, textRule } from './making.ts';
import { isCardNumber, isIban } from './valid-numbers.ts';

describe('scrub', () => {
  const scrub = textRule('scrub');
  const email = textRule('email');
  const phone = textRule('phone');
  const iban = textRule('iban');

  test('replaces identities in prose by their own pseudonyms and keeps the rest', () => {
    const [address, number, account] = ['marie.dupont@acme.fr', '06 12 34 56 78', 'FR14 2004 1010 0505 0001 3M02 606'];
    expect(scrub(`Write to <${address}>, call ${number} (or +33612345678!) and pay to ${account} in May.`)).toBe(
      `Write to <${email(address)}>, call ${phone(number)} (or ${phone('+33612345678')}!) and pay to ${iban(account)} in May.`,
    );
  });

  test('two numbers side by side are two, and a date or an order number is none', () => {
    expect(scrub('0612345678 0712345678')).toBe(`${phone('0612345678')} ${phone('0712345678')}`);
    expect(scrub('On 2024-05-12 at 10:30, order 4711, FR14 2004 1010 0505 0001 3M02 607')).toBe(
      'On 2024-05-12 at 10:30, order 4711, FR14 2004 1010 0505 0001 3M02 607',
    );
  });

  test('finds names that other columns or the policy list, as whole words in any case, and no others', () => {
    const made = makeRule(
      { scrub: { columns: { first: 'first-name' }, names: ['Acme'], name: 'company-name' } },
      {},
      { columns: ['first'] },
    );
    const first = textRule('first-name')('Anne');
    const company = textRule('company-name')('Acme');
    const text = Buffer.from('ANNE and Annette of acme met Paul; Anne paid.');
    expect(Buffer.from(made.apply(text, [Buffer.from('Anne')]) ?? '').toString()).toBe(
      `${first} and Annette of ${company} met Paul; ${first} paid.`,
    );
    expect([made.stage, made.reads]).toEqual(['before', ['first']]);
  });

  test('what is not UTF-8, or has no room any more, becomes neutral words', () => {
    expect(Buffer.from(makeRule('scrub').apply(Uint8Array.of(0xff, 0x41, 0x41), []) ?? []).toString()).toMatch(/^[a-z ]{0,3}$/);
    expect(textRule('scrub', { maxLength: 20 })('a@b.fr is mine')).toMatch(/^[a-z ]{1,14}$/);
  });
});

describe('finance', () => {
  test('an IBAN stays valid, of its country, length and style', () => {
    const iban = textRule('iban');
    for (const real of ['FR14 2004 1010 0505 0001 3M02 606', 'GB29NWBK60161331926819', 'DE89-3704-0044-0532-0130-00', 'NO9386011117947']) {
      const made = iban(real) ?? '';
      expect(isIban(made)).toBe(true);
      expect(made).not.toBe(real);
      expect(made.slice(0, 2)).toBe(real.slice(0, 2));
      expect(made.replaceAll(/\d/g, '0').replaceAll(/[A-Z]/g, 'A')).toBe(real.replaceAll(/\d/g, '0').replaceAll(/[A-Z]/g, 'A'));
    }
    expect(iban('FR1420041010050500013M02606')).toBe((iban('FR14 2004 1010 0505 0001 3M02 606') ?? '').replaceAll(' ', ''));
    expect(iban('no account')).toMatch(/^ZZ\d{22}$/);
    expect(isIban(iban('no account') ?? '')).toBe(true);
  });

  test('a card number keeps brand, length and style and passes Luhn', () => {
    const card = textRule('card-number');
    for (const [real, form] of [
      ['4111 1111 1111 1111', /^4\d{3}( \d{4}){3}$/],
      ['5500000000000004', /^55\d{14}$/],
      ['340000000000009', /^34\d{13}$/],
      ['6011-0000-0000-0004', /^6011(-\d{4}){3}$/],
    ] as const) {
      expect(card(real)).toMatch(form);
      expect(isCardNumber(card(real) ?? '')).toBe(true);
      expect(card(real)).not.toBe(real);
    }
    expect(card('4111111111111112')).toMatch(/^00\d{17}$/);
    expect(isCardNumber(card('nothing') ?? '')).toBe(true);
  });
});

describe('companies', () => {
  test('people of one company have one domain, and it is the one of the domain and the URL', () => {
    const email = textRule({ email: { form: 'company' } });
    const domainOf = (address: string): string => (email(address) ?? '').split('@')[1] ?? '';
    expect(domainOf('marie@acme.fr')).toBe(domainOf('Paul@ACME.fr'));
    expect(domainOf('marie@acme.fr')).not.toBe(domainOf('marie@other.fr'));
    expect(textRule('domain')('acme.fr.')).toBe(domainOf('marie@acme.fr'));
    expect(new URL(textRule('url')('https://www.acme.fr/x?y=z') ?? '').hostname).toBe(domainOf('marie@acme.fr'));
    expect((email('marie@acme.fr') ?? '').split('@')[0]).toBe((textRule('email')('marie@acme.fr') ?? '').split('@')[0]);
  });
});

describe('uuid', () => {
  test('is one however it is written, and keeps how it is written', () => {
    const uuid = textRule('uuid');
    const made = uuid('6ba7b810-9dad-11d1-80b4-00c04fd430c8') ?? '';
    expect(uuid('6BA7B810-9DAD-11D1-80B4-00C04FD430C8')).toBe(made.toUpperCase());
    expect(uuid('6ba7b8109dad11d180b400c04fd430c8')).toBe(made.replaceAll('-', ''));
    const bytes = makeRule('uuid', { type: 'binary' }).apply(Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex'), []);
    expect(Buffer.from(bytes ?? []).toString('hex')).toBe(made.replaceAll('-', ''));
  });
});

describe('numbers, dates and places', () => {
  test('noise moves every number by what it says at most, inside its type', () => {
    const noise = (value: string, sqlType = 'decimal(10,2)'): string =>
      textRule({ 'number-noise': 10 }, { type: 'decimal', sqlType })(value) ?? '';
    for (let n = 1; n < 500; n++) {
      const real = 100 * n + 0.25;
      const by = Math.abs(Number(noise(real.toFixed(2))) - real) / real;
      expect(by).toBeGreaterThan(0.019);
      expect(by).toBeLessThan(0.1001);
    }
    for (let n = 100; n < 128; n++) expect(Math.abs(Number(noise(String(n), 'tinyint')))).toBeLessThanOrEqual(127);
    expect(noise('1')).not.toBe('1');
    expect(noise('-12.50')).toMatch(/^-\d+\.\d\d$/);
    expect([noise('0.00'), noise('NaN')]).toEqual(['0.00', '0']);
    expect(noise('123456789012345678901234567890')).toMatch(/^\d{30}$/);
  });

  test('buckets begin towards 0 and keep the decimals', () => {
    const bucket = textRule({ 'number-bucket': 500 }, { type: 'decimal' });
    expect(['1234.56', '-1234', '499', '1e4', 'x'].map(bucket)).toEqual(['1000.00', '-1000', '0', '10000', '0']);
  });

  test.each([
    ['decade', '1980-01-01'],
    ['year', '1984-01-01'],
    ['month', '1984-05-01'],
    ['day', '1984-05-12'],
  ])('a date is cut to its %s', (to, expected) => {
    expect(textRule({ 'date-truncate': to }, { type: 'date' })('1984-05-12')).toBe(expected);
    expect(textRule({ 'date-truncate': to }, { type: 'datetime' })('1984-05-12 13:14:15.160')).toBe(`${expected} 00:00:00.000`);
    expect(textRule({ 'date-truncate': to }, { type: 'date' })('1984-02-31')).toBe('1970-01-02');
  });

  test('a place stays within its radius, and is never the same', () => {
    const pair = textRule({ 'geo-point': { part: 'pair', radius: 1000 } });
    for (let n = 0; n < 500; n++) {
      const [lat, lon] = [48 + n / 1000, 2 + n / 700];
      const [newLat = 0, newLon = 0] = (pair(`${lat.toFixed(6)}, ${lon.toFixed(6)}`) ?? '').split(',').map(Number);
      const metres = Math.hypot((newLat - lat) * 111_320, (newLon - lon) * 111_320 * Math.cos((lat * Math.PI) / 180));
      expect(metres).toBeLessThan(1001);
      expect(metres).toBeGreaterThan(150);
    }
    expect(pair('POINT(2.35 48.85)')).toMatch(/^POINT\(2\.\d\d 48\.\d\d\)$/);
    expect(pair('nowhere')).toBe('0,0');
  });

  test('prefixes of addresses are kept, and only they', () => {
    const ip = textRule({ ip: { form: 'prefix' } });
    const parts = (text: string): string[] => (ip(text) ?? '').split('.');
    const [a, b, c] = [parts('81.56.12.4'), parts('81.56.12.200'), parts('81.57.12.4')];
    expect(a.slice(0, 3)).toEqual(b.slice(0, 3));
    expect(a[3]).not.toBe(b[3]);
    expect([a[0], a[1] === c[1]]).toEqual([c[0], false]);
  });

  test('mask and truncate keep what they say', () => {
    expect(textRule({ mask: { start: 1, end: 2 } })('Élodie')).toBe('É***ie');
    expect(textRule({ mask: { start: 1, end: 2 } })('Élo')).toBe('***');
    expect(textRule({ truncate: 2 })('Élodie')).toBe('Él');
  });

  test('shuffle hands out values of earlier rows, first those of its start', () => {
    const { apply } = makeRule({ shuffle: { window: 16, start: ['x'] } });
    const made = Array.from({ length: 1000 }, (_, n) => Buffer.from(apply(Buffer.from(`v${n}`), []) ?? '').toString());
    expect(made[0]).toBe('x');
    expect(made.filter((value) => value === 'x')).toHaveLength(16);
    expect(new Set(made).size).toBe(1000 - 16 + 1);
    for (const [n, value] of made.entries()) expect(value).not.toBe(`v${n}`);
  });
});
