import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bulkText } from '../../sample/bulk-text.ts';
import { dnValue } from '../../sample/ldap/dn.ts';
import { ldifOf } from '../../sample/ldap/ldif.ts';
import { jpegOf, pngOf } from '../../sample/pictures.ts';

const text = (pieces: Iterable<Buffer>): string => Buffer.concat([...pieces]).toString();

describe('the bulk text', () => {
  it('escapes what ends a field or a row, and tells NULL from the text \\N', () => {
    expect(text(bulkText([['a\tb', 'c\nd', 'e\\', null, '\\N', '', 0, -1n, '\r']]))).toBe(
      'a\\tb\tc\\nd\te\\\\\t\\N\t\\\\N\t\t0\t-1\t\\r\n',
    );
  });

  it('comes in pieces, however many rows there are', () => {
    function* rows(): Generator<readonly string[]> {
      for (let at = 0; at < 10_000; at++) yield ['x'.repeat(100)];
    }
    const pieces = [...bulkText(rows())];
    expect(pieces.length).toBeGreaterThan(10);
    for (const piece of pieces) expect(piece.length).toBeLessThan(70_000);
  });
});

describe('the LDIF', () => {
  it('writes in base64 what is not plain ASCII', () => {
    const values = ['plain', 'é', ' leading', 'trailing ', ':colon', 'two\nlines', Buffer.from([0, 255])];
    const ldif = text(ldifOf([{ dn: 'cn=x', attributes: [['v', values]] }]));
    expect(ldif.match(/^v: /gm)).toHaveLength(1);
    expect(ldif.match(/^v:: /gm)).toHaveLength(values.length - 1);
  });

  it('escapes the special characters of a DN', () => {
    expect(dnValue('Dupont, Fils & Cie')).toBe('Dupont\\, Fils & Cie');
    expect(dnValue('#1 "a"+b;')).toBe('\\#1 \\"a\\"\\+b\\;');
    expect(dnValue(' x ')).toBe('\\ x\\ ');
  });
});

describe('the pictures', () => {
  it('are valid PNG data', () => {
    const png = pngOf(Buffer.from(Array.from({ length: 64 }, (_, at) => at * 4)));
    const at = png.indexOf('IDAT');
    expect(inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))).toHaveLength(72);
  });

  it('begin and end as JPEG files do', () => {
    const jpeg = jpegOf(200, 'sample');
    expect(jpeg.subarray(0, 3)).toEqual(Buffer.of(0xff, 0xd8, 0xff));
    expect(jpeg.subarray(-2)).toEqual(Buffer.of(0xff, 0xd9));
    expect(jpegOf(200, 'other')).not.toEqual(jpeg);
  });
});
