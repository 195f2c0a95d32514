import { describe, expect, it } from 'vitest';
import { pathSegment, tableSegment } from '../../core/index.ts';

describe('path segments', () => {
  it.each([
    ['users', 'users'],
    ['dynamease.users', 'dynamease.users'],
    ['..', '%2E.'],
    ['.hidden', '%2Ehidden'],
    ['a/b\\c', 'a%2Fb%5Cc'],
    ['dc=dynamease,dc=test', 'dc%3Ddynamease%2Cdc%3Dtest'],
    ['été', '%C3%A9t%C3%A9'],
    ['50%', '50%25'],
  ])('%s becomes %s', (name, segment) => {
    expect(pathSegment(name)).toBe(segment);
    expect(decodeURIComponent(segment)).toBe(name);
  });
});

const long = '名'.repeat(64);

it('a name that would be too long for a file system is cut, and stays apart from others that begin alike', () => {
  const segments = [long, `${long}a`, `${long}b`].map(pathSegment);
  expect(new Set(segments).size).toBe(3);
  for (const segment of segments) expect(segment).toMatch(/^(?:%E5%90%8D)+[%E0-9]*~[0-9a-f]{16}$/);
  for (const segment of segments) expect(segment).toHaveLength(200);
});

describe('the folder of a table', () => {
  it.each([
    ['dynamease', 'users', 'dynamease.users'],
    ['a.b', 'c', 'a%2Eb.c'],
    ['a', 'b.c', 'a.b%2Ec'],
    ['a.b', 'a.b', 'a%2Eb'],
    ['a', 'b', 'a.b'],
    ['.', '..', '%2E.%2E%2E'],
    ['dc=example,dc=com', 'dc=example,dc=com', 'dc%3Dexample%2Cdc%3Dcom'],
  ])('%s and %s: %s', (schema, name, folder) => {
    expect(tableSegment({ schema, name })).toBe(folder);
  });

  it('is bounded, and one for each pair of names', () => {
    const pairs = [long, `${long.slice(1)}.`].flatMap((schema) => [long, 'a'].map((name) => ({ schema, name })));
    const folders = pairs.map(tableSegment);
    expect(new Set(folders).size).toBe(pairs.length);
    for (const folder of folders) expect(folder.length).toBeLessThanOrEqual(200);
  });
});
