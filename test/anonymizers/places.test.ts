import { isIP } from 'node:net';
import { describe, expect, test } from 'vitest';
import { refusal, shop } from './live.ts';
import { makeRule, textRule } from './making.ts';

describe('addresses of networks in columns for them', () => {
  const inPostgres = (sqlType: string) => textRule('ip', { type: 'other', sqlType, sourceKind: 'postgres' });
  const inMariaDb = (sqlType: string) => textRule('ip', { type: 'other', sqlType });

  test('are the same as in text, with the length of their network', () => {
    const [inet, cidr, text] = [inPostgres('inet'), inPostgres('cidr'), textRule('ip')];
    expect(inet('81.56.12.4')).toBe(text('81.56.12.4'));
    expect(inet('81.56.12.4/24')).toBe(`${text('81.56.12.4')}/24`);
    expect(inet('2a01:e0a::1/64')).toBe(`${text('2a01:e0a::1')}/64`);
    expect(cidr('81.56.12.0/24')).toMatch(/^10\.\d+\.\d+\.0\/24$/);
    expect(cidr('81.0.0.0/6')).toBe('8.0.0.0/6');
    expect(cidr('2a01:e00::/26')).toBe('2001:d80:0:0:0:0:0:0/26');
  });

  test('stay of their kind in MariaDB', () => {
    expect(inMariaDb('inet4')('81.56.12.4')).toBe(textRule('ip')('81.56.12.4'));
    expect(inMariaDb('inet6')('2a01:e0a::1')).toBe(textRule('ip')('2a01:e0a::1'));
    expect(inMariaDb('inet6')('::ffff:81.56.12.4')).toMatch(/^::ffff:10\./);
    for (const value of ['', 'x', '::1', '81.56.12.4/33']) {
      expect(isIP(inMariaDb('inet4')(value)?.split('/')[0] ?? '')).toBe(4);
      expect(isIP(inMariaDb('inet6')(value)?.split('/')[0] ?? '')).toBeGreaterThan(0);
    }
  });

  test('are not for other types', () => {
    expect(() => inPostgres('macaddr')).toThrow(/for text, bytes and addresses, and this is macaddr/);
  });
});

describe('places', () => {
  const metres = (degrees: number): number => Math.abs(degrees) * 111_320;

  test('in a point of PostgreSQL stay a point, the longitude first', () => {
    const move = textRule({ 'geo-point': { part: 'pair', radius: 500 } }, { type: 'other', sqlType: 'point', sourceKind: 'postgres' });
    const [, x, y] = /^\((-?[\d.]+),(-?[\d.]+)\)$/.exec(move('(2.352222,48.856613)') ?? '') ?? [];
    expect(metres(Number(x) - 2.352222)).toBeLessThanOrEqual(500);
    expect(metres(Number(y) - 48.856613)).toBeLessThanOrEqual(500);
    // Pinned: another result under this key would be another anonymizer.
    expect(move('(2.352222,48.856613)')).toBe('(2.354937,48.858173)');
    expect(move('(179.9999,10)')).toMatch(/^\(17[89]\.\d+,\d+\)$/);
    for (const value of ['', '(NaN,1)', '(1e+30,2)', '1,2']) expect(move(value)).toBe('(0,0)');
  });

  test('in a POINT of MySQL keep its form and its reference system', () => {
    const { apply } = makeRule({ 'geo-point': { part: 'pair', radius: 500 } }, { type: 'other', sqlType: 'point' });
    const point = (x: number, y: number): Buffer => {
      const bytes = Buffer.alloc(25);
      bytes.writeUInt32LE(4326, 0);
      bytes.writeUInt8(1, 4);
      bytes.writeUInt32LE(1, 5);
      bytes.writeDoubleLE(x, 9);
      bytes.writeDoubleLE(y, 17);
      return bytes;
    };
    const moved = Buffer.from(apply(point(2.352222, 48.856613), []) ?? []);
    expect(moved.subarray(0, 9)).toEqual(point(0, 0).subarray(0, 9));
    expect(metres(moved.readDoubleLE(9) - 2.352222)).toBeLessThanOrEqual(500);
    expect(metres(moved.readDoubleLE(17) - 48.856613)).toBeLessThanOrEqual(500);
    expect([moved.readDoubleLE(9), moved.readDoubleLE(17)]).toEqual([2.3507956, 48.8587888]);
    for (const value of [point(Number.NaN, 1), point(652_000, 6_860_000)]) expect(apply(value, [])).toEqual(new Uint8Array(point(0, 0)));
    expect(apply(Buffer.from('x'), [])).toHaveLength(25);
  });

  test('find room in their column', () => {
    const far = { 'geo-point': { part: 'latitude', radius: 500_000 } };
    const text = textRule(far, { maxLength: 4 });
    const decimal = textRule(far, { type: 'decimal', sqlType: 'decimal(2,1)' });
    const pair = textRule({ 'geo-point': { part: 'pair', radius: 500_000 } }, { maxLength: 9 });
    for (let n = 0; n < 100; n++) {
      const value = (n / 10).toFixed(1);
      expect(text(`9.${String(n).padStart(2, '0')}`)?.length).toBeLessThanOrEqual(4);
      expect(text(`-0.${n % 10}`)?.length).toBeLessThanOrEqual(4);
      expect(Math.abs(Number(decimal(value)))).toBeLessThan(10);
      expect(pair(`9.${String(n).padStart(2, '0')},0.${String(n).padStart(2, '0')}`)?.length).toBeLessThanOrEqual(9);
    }
  });

  test('take the part that their column has', () => {
    expect(() => makeRule({ 'geo-point': 'pair' }, { type: 'decimal', sqlType: 'decimal(9,6)' })).toThrow(/text and points only/);
    expect(() => makeRule({ 'geo-point': 'latitude' }, { type: 'other', sqlType: 'point' })).toThrow(/the part "pair"/);
    expect(() => makeRule({ 'geo-point': 'pair' }, { type: 'other', sqlType: 'polygon' })).toThrow(/this is polygon/);
  });

  test('are proposed for columns that nobody decided and that cannot be NULL', () => {
    const needed = { type: 'other', nullable: false, unique: false } as const;
    const live = shop({
      t: [
        { ...needed, name: 'spot', sqlType: 'point' },
        { ...needed, name: 'source', sqlType: 'inet6' },
      ],
    });
    const { details } = refusal('sources: {mysql: {tables: {t: {columns: {}}}}}', live);
    expect(details.slice(-3).map((line) => line.trim())).toEqual(['spot:', 'geo-point: pair', 'source: ip']);
  });
});
