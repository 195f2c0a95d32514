import { describe, expect, test } from 'vitest';
import { canonicalType, depthBelow, formatDn, parseDn } from '../../anonymizers/dn.ts';

const values = (text: string): string[] | undefined =>
  parseDn(text)?.map((rdn) =>
    rdn
      .map(({ type, value, ber }) => `${type}|${ber ? `#${Buffer.from(value).toString('hex')}` : Buffer.from(value).toString()}`)
      .join('&'),
  );

describe('parseDn', () => {
  test.each([
    ['', []],
    ['uid=marie,ou=people,dc=acme', ['uid|marie', 'ou|people', 'dc|acme']],
    ['UID = marie , OU= people;DC=acme', ['UID|marie', 'OU|people', 'DC|acme']],
    ['o=Dupont\\, Fils & Cie,dc=x', ['o|Dupont, Fils & Cie', 'dc|x']],
    ['cn=a\\+b+uid=1,dc=x', ['cn|a+b&uid|1', 'dc|x']],
    ['cn=\\ lead and trail\\ ,dc=x', ['cn| lead and trail ', 'dc|x']],
    ['cn=Lu\\C4\\8Di\\c4\\87', ['cn|Lučić']],
    ['cn=\\#1 "Caf\\C3\\A9"', ['cn|#1 "Café"'.replaceAll('"', '')]],
    ['cn=#04024869,dc=x', ['cn|#04024869', 'dc|x']],
    ['cn="a,b=c",dc=x', ['cn|a,b=c', 'dc|x']],
    ['oid.2.5.4.3=x', ['2.5.4.3|x']],
    ['cn=株式会社,dc=x', ['cn|株式会社', 'dc|x']],
    ['cn=a\\\\,dc=x', ['cn|a\\', 'dc|x']],
    ['cn=', ['cn|']],
  ])('%s', (text, expected) => {
    const read = values(text);
    // Quotes inside an unquoted value are only read by lenient servers; what counts is that they do not end a component.
    expect(read?.map((value) => value.replaceAll('"', ''))).toEqual(expected);
  });

  test.each(['marie', 'cn', '=x', 'cn=x,,dc=y', 'c n=x', 'cn=#0', 'cn=#zz', 'cn=x\\', '1.2.=x'])('is no DN: %s', (text) => {
    expect(parseDn(text)).toBeUndefined();
  });
});

describe('formatDn', () => {
  test.each([' lead', 'trail ', ' ', '#x', 'a,b+c"d\\e<f>g;h=i', 'tab\tnul\u0000', 'Ünïcode 🦊', '', '\\ ', 'x#y', '  '])(
    'round trip of %j',
    (value) => {
      const text = formatDn([
        [
          { type: 'cn', value: Buffer.from(value), ber: false },
          { type: 'uid', value: Buffer.from('1'), ber: false },
        ],
        [{ type: 'dc', value: Buffer.from('x'), ber: false }],
      ]);
      const [first, second] = parseDn(text) ?? [];
      expect(first?.map((attribute) => Buffer.from(attribute.value).toString())).toEqual([value, '1']);
      expect(second?.[0]?.type).toBe('dc');
    },
  );

  test('bytes that are no text come back', () => {
    const value = Uint8Array.of(0xff, 0x00, 0x80, 0x2c);
    const text = formatDn([[{ type: 'cn', value, ber: false }]]);
    expect([...(parseDn(text)?.[0]?.[0]?.value ?? [])]).toEqual([...value]);
    expect(formatDn(parseDn('cn=#04024869') ?? [])).toBe('cn=#04024869');
  });
});

test('types are found by any of their names', () => {
  expect(['CommonName', '2.5.4.3', 'cn;lang-fr', 'userId'].map(canonicalType)).toEqual(['cn', 'cn', 'cn', 'uid']);
});

test('depth below a base, whatever its spelling', () => {
  const base = parseDn('dc=Acme,dc=test') ?? [];
  const depth = (text: string): number | undefined => depthBelow(parseDn(text) ?? [], [base]);
  expect(depth('uid=a,ou=b, DC=acme,domainComponent=TEST')).toBe(2);
  expect(depth('dc=acme,dc=test')).toBe(0);
  expect(depth('dc=test')).toBe(0);
  expect(depth('uid=a,dc=other,dc=test')).toBeUndefined();
});
