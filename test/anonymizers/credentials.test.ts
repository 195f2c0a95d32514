import { argon2Sync, createECDH, createHash, createPrivateKey, pbkdf2Sync } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import bcrypt from 'bcryptjs';
import { describe, expect, test } from 'vitest';
import { md5Crypt, shaCrypt } from '../../anonymizers/unix-crypt.ts';
import { makeRule, textRule } from './making.ts';

describe('push credentials', () => {
  test('a p8 key parses as a key on P-256 and fits its column', () => {
    const pem = textRule('p8-key', { maxLength: 2048 })('-----BEGIN PRIVATE KEY-----') ?? '';
    expect(createPrivateKey(pem).asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(pem).not.toBe(textRule('p8-key')('another'));
  });

  test('the halves of a VAPID pair belong together, row by row', () => {
    const publicOf = textRule({ 'vapid-key': 'public' });
    const secret = makeRule({ 'vapid-key': { part: 'private', public: 'public_key' } }, {}, { columns: ['public_key'] });
    for (const real of ['BFgm46SG', 'BAAA', '']) {
      const curve = createECDH('prime256v1');
      const made = secret.apply(Buffer.from('the real secret'), [Buffer.from(real)]);
      curve.setPrivateKey(Buffer.from(Buffer.from(made ?? []).toString(), 'base64url'));
      expect(curve.getPublicKey().toString('base64url')).toBe(publicOf(real));
    }
    expect(() => textRule({ 'vapid-key': 'private' })).toThrow(/column of the public key/);
  });

  test('the PKCS#12 opens with its passphrase', () => {
    const pfx = Buffer.from(textRule('pkcs12')('MII') ?? '', 'base64');
    const passphrase = textRule('pkcs12-passphrase')('secret') ?? '';
    expect(() => createSecureContext({ pfx, passphrase })).not.toThrow();
    expect(Buffer.from(makeRule('pkcs12', { type: 'binary' }).apply(Buffer.from('x'), []) ?? []).equals(pfx)).toBe(true);
  });

  test('team and key ids have ten characters, and different ones stay different', () => {
    const id = textRule('apple-id');
    const made = Array.from({ length: 5000 }, (_, n) => id(n.toString(36).toUpperCase().padStart(10, '0')));
    expect(new Set(made).size).toBe(5000);
    for (const one of [...made, id('no id'), id('')]) expect(one).toMatch(/^[0-9A-Z]{10}$/);
  });
});

describe('unix crypt', () => {
  // Made with the crypt(3) of glibc.
  test.each([
    [
      shaCrypt('dev-password', 'abcdefghij', 'sha512'),
      '$6$rounds=1000$abcdefghij$5K4yGzJteH2p9gxXQnp9jFxV4BLyBUCs4Kpe6jmovFPoKjiQNYbxQQCZrVWvowhUicxZVqpWjJo6V0cN6gyiw.',
    ],
    [shaCrypt('dev-password', 'abcdefghij', 'sha256'), '$5$rounds=1000$abcdefghij$P3ZpNsqWS4pp9Xfu8mUBkHy7gTcSVO6oJfunkc.fBtC'],
    [md5Crypt('dev-password', 'abcdefgh'), '$1$abcdefgh$MTbN7Gd1HDBlxPWoQFMGe0'],
    [
      shaCrypt('x'.repeat(70), 'abcdefghij', 'sha512'),
      '$6$rounds=1000$abcdefghij$y9hfYgpxPo9UqxRuV22yNagiuR2OauCobxfWp3nbxt6Ork1/YxOTPNrq2rmBg6aylXGL525xYxAvpV29eTQlI.',
    ],
    [shaCrypt('x'.repeat(70), 'abcdefghij', 'sha256'), '$5$rounds=1000$abcdefghij$5XaqYrN5C5.1xRP7N7l0DgVIuuM.zkkmJDLeLXXk4hA'],
    [md5Crypt('x'.repeat(70), 'abcdefgh'), '$1$abcdefgh$qZQJZIj/wBFysso0hpBg61'],
  ])('agrees with crypt(3): %#', (made, expected) => {
    expect(made).toBe(expected);
  });
});

describe('password in the scheme found', () => {
  const found = textRule({ password: 'found' });

  test('bcrypt keeps its variant, behind a label or not', () => {
    const real = `$2y$12$${'a'.repeat(53)}`;
    expect(found(real)).toMatch(/^\$2y\$04\$/);
    expect(bcrypt.compareSync('dev-password', found(real) ?? '')).toBe(true);
    expect(found(`{bcrypt}${real}`)).toBe(`{bcrypt}${found(real)}`);
  });

  test.each(['argon2id', 'argon2i', 'argon2d'] as const)('%s verifies', (algorithm) => {
    const [, name, version, settings, salt = '', hash = ''] = (found(`$${algorithm}$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA`) ?? '').split('$');
    expect([name, version, settings]).toEqual([algorithm, 'v=19', 'm=1024,t=3,p=1']);
    const again = argon2Sync(algorithm, {
      message: 'dev-password',
      nonce: Buffer.from(salt, 'base64'),
      parallelism: 1,
      tagLength: 32,
      memory: 1024,
      passes: 3,
    });
    expect(again.toString('base64').replaceAll('=', '')).toBe(hash);
  });

  test.each([
    ['SSHA', 'sha1', 20],
    ['SSHA256', 'sha256', 32],
    ['SSHA512', 'sha512', 64],
    ['SMD5', 'md5', 16],
    ['SHA', 'sha1', 20],
    ['MD5', 'md5', 16],
  ] as const)('{%s} verifies as OpenLDAP does', (label, algorithm, length) => {
    const hash = found(`{${label}}c29tZXRoaW5n`) ?? '';
    const bytes = Buffer.from(hash.replace(`{${label}}`, ''), 'base64');
    expect(createHash(algorithm).update('dev-password').update(bytes.subarray(length)).digest()).toEqual(bytes.subarray(0, length));
  });

  test('PBKDF2 of OpenLDAP and of Django verifies', () => {
    const [rounds = '', salt = '', hash = ''] = (found('{PBKDF2-SHA256}10000$abc$def') ?? '').replace('{PBKDF2-SHA256}', '').split('$');
    const bytes = (text: string): Buffer => Buffer.from(text.replaceAll('.', '+'), 'base64');
    expect(pbkdf2Sync('dev-password', bytes(salt), Number(rounds), 32, 'sha256')).toEqual(bytes(hash));
    const [, djangoRounds = '', djangoSalt = '', djangoHash] = (found('pbkdf2_sha256$260000$salt$hash') ?? '').split('$');
    expect(pbkdf2Sync('dev-password', djangoSalt, Number(djangoRounds), 32, 'sha256').toString('base64')).toBe(djangoHash);
  });

  test('crypt, unsalted digests and plain passwords stay what they are', () => {
    expect(found('{CRYPT}$6$salt$hash')).toMatch(/^\{CRYPT\}\$6\$rounds=1000\$/);
    expect(found('$1$salt$hash')).toMatch(/^\$1\$/);
    expect(found('5f4dcc3b5aa765d61d8327deb882cf99')).toBe(createHash('md5').update('dev-password').digest('hex'));
    expect(found('hunter2')).toBe('dev-password');
    expect(found('')).toBe('dev-password');
  });

  test('a hash without room stops the build and does not show the value', () => {
    const short = textRule({ password: 'found' }, { maxLength: 20 });
    expect(() => short('$6$salt$c0nfidential')).toThrow(/room/);
    expect(() => short('$6$salt$c0nfidential')).not.toThrow(/c0nfidential/);
    expect(short('hunter2')).toBe('dev-password');
  });
});
