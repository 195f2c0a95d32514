import { describe, expect, test } from 'vitest';
import { parseTargetAddress, soundsLikeProduction } from '../../client/target/target-address.ts';

describe('the address of a server elsewhere', () => {
  test.each([
    [
      'mysql://root@db.example.com',
      { kind: 'mysql', label: 'mysql://db.example.com:3306', host: 'db.example.com', port: 3306, user: 'root', database: undefined },
    ],
    ['mysql://a%40b@[::1]:3307/shop?ssl-mode=REQUIRED', { host: '::1', port: 3307, user: 'a@b', database: 'shop', tls: 'REQUIRED' }],
    ['postgresql://me@host:5433/my%20copy?sslmode=verify-full', { kind: 'postgres', port: 5433, database: 'my copy', tls: 'verify-full' }],
    [
      'ldaps://host/dc=example,dc=com?bind=cn%3Dadmin%2Cdc%3Dexample',
      { kind: 'ldap', label: 'ldaps://host:636', port: 636, user: 'cn=admin,dc=example', database: 'dc=example,dc=com' },
    ],
  ])('%s is read', (text, expected) => expect(parseTargetAddress(text)).toMatchObject(expected));

  test.each([
    ['no address', 'somewhere'],
    ['another kind', 'redis://me@host'],
    ['nobody to log in as', 'mysql://host'],
    ['no bind DN', 'ldap://host/dc=example'],
    ['an unknown setting', 'mysql://me@host?password=geheim'],
    ['a setting that is no word', 'mysql://me@host?ssl-mode=a%20--execute=b'],
    ['a broken escape', 'postgres://me@host/100%'],
    ['a line break', 'mysql://me%0Ayou@host'],
  ])('%s is refused', (_, text) => {
    expect(() => parseTargetAddress(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  test('a password in it is refused without being quoted', () => {
    expect(() => parseTargetAddress('mysql://me:geheim@host')).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.not.stringContaining('geheim') }),
    );
  });
});

test.each([
  ['prod-db.example.com', true],
  ['db.PRODUCTION.internal', true],
  ['db1.prd', true],
  ['shop_live', true],
  ['mysql-master', true],
  ['products', false],
  ['delivery', false],
  ['liverpool-test', false],
])('%s sounds like production: %s', (name, expected) => {
  expect(soundsLikeProduction(undefined, name) === name).toBe(expected);
});
