import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lockDifferences, manifestDifferences, requireLocked, requireStackLock } from '../../client/locked-environment.ts';
import { formatLockfile, lockedReference, lockfileName, parseLockfile, type StackLock } from '../../client/lockfile.ts';
import { fromRegistry } from '../../client/stack-images.ts';
import type { Digest } from '../../core/digest.ts';

const of = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const fixture = (version: number) => readFile(join(import.meta.dirname, '..', 'fixtures', 'lockfile', `v${version}.lock`), 'utf8');
const lock: StackLock = {
  version: 2,
  repository: 'team/shop',
  digest: of('a'),
  reference: 'prod-2024-05',
  policy: of('b'),
  key: '3f9a',
  images: {
    on: { image: `registry.example.test:5000/team/push@${of('d')}`, digest: of('d') },
    db: { image: 'mysql:9.7', digest: of('c') },
  },
};

describe('a lockfile', () => {
  test('has one text, sorted, whatever the order it was made in', async () => {
    expect(formatLockfile(lock)).toBe(await fixture(2));
    expect(formatLockfile({ ...lock, images: Object.fromEntries(Object.entries(lock.images).reverse()) })).toBe(await fixture(2));
  });

  test('of every version is read, as YAML and as JSON', async () => {
    expect(parseLockfile(await fixture(1), lockfileName)).toEqual({ version: 1, repository: 'shop', digest: of('a'), tag: 'may' });
    expect(parseLockfile(await fixture(2), lockfileName)).toEqual(lock);
    expect(parseLockfile(JSON.stringify(lock), lockfileName)).toEqual(lock);
    expect(lockedReference(lock)).toBe('prod-2024-05');
    expect(lockedReference({ version: 1, repository: 'shop', digest: of('a') })).toBe(of('a'));
  });

  test.each(['3f9a', '1e5', 'yes', 'a: b', '#x', 'true', "it's", '-', 'ü'])('keeps the text %j as it is', (key) => {
    expect(parseLockfile(formatLockfile({ ...lock, key, images: {} }), lockfileName)).toEqual({ ...lock, key, images: {} });
  });

  test('is refused with every wrong key', () => {
    expect(() => parseLockfile('version: 1\nrepository: Shop\ndigest: sha256:12\nextra: 1\n', lockfileName)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        details: expect.arrayContaining([
          expect.stringMatching(/^repository: /),
          expect.stringMatching(/^digest: /),
          'extra: not a known key',
        ]),
      }),
    );
    expect(() => parseLockfile(JSON.stringify({ ...lock, version: 3 }), lockfileName)).toThrow(
      expect.objectContaining({ details: ['version: one of 1, 2 expected'] }),
    );
    expect(() => parseLockfile(JSON.stringify({ ...lock, policy: undefined }), lockfileName)).toThrow(
      expect.objectContaining({ details: [expect.stringMatching(/^policy: /)] }),
    );
  });
});

describe('what is not as the lock says', () => {
  const choice = { repository: lock.repository, digest: lock.digest, reference: lock.reference };

  test('is nothing where all is the same', () => {
    expect(lockDifferences(lock, { choice, images: lock.images })).toEqual([]);
    expect(() => requireLocked([])).not.toThrow();
  });

  test('is named: data, repository, images, services that came or went, policy and key', () => {
    const images = { db: { image: 'mysql:9.7', digest: of('e') }, cache: { image: 'redis', digest: of('f') } };
    const differences = lockDifferences(lock, { choice: { repository: 'shop', digest: of('0'), reference: 'june' }, images });
    expect(differences).toEqual([
      'repository: locked team/shop, here shop',
      `data: locked ${of('a')} (prod-2024-05), here ${of('0')} (june)`,
      'service cache: not in the lock, here with redis',
      `image of db: locked mysql:9.7 ${of('c')}, here mysql:9.7 ${of('e')}`,
      expect.stringMatching(/^service on: locked with registry\.example\.test:5000\/team\/push@sha256:d+, not in the stack here$/),
    ]);
    expect(manifestDifferences(lock, { policy: { digest: of('1') }, key: { id: 'other' } })).toEqual([
      `policy: locked ${of('b')}, the data has ${of('1')}`,
      'key: locked 3f9a, the data has other',
    ]);
    expect(() => requireLocked(differences)).toThrow(expect.objectContaining({ code: 'LOCK_MISMATCH', exitCode: 4, details: differences }));
  });

  test('cannot be told without a lock, or with one that says nothing of the stack', () => {
    expect(() => requireStackLock(undefined)).toThrow(expect.objectContaining({ code: 'LOCK_MISSING', exitCode: 2 }));
    expect(() => requireStackLock({ version: 1, repository: 'shop', digest: of('a') })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('version 1') }),
    );
  });
});

test("an image's digest is the registry's, under the stack's own name first", () => {
  const digests = [`b.test/db@${of('2')}`, `mysql@${of('1')}`];
  expect(fromRegistry('mysql:9.7', digests)).toBe(of('1'));
  expect(fromRegistry('localhost:5000/db', digests)).toBe(of('2'));
  expect(fromRegistry('mysql', [])).toBeUndefined();
});
