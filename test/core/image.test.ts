import { describe, expect, it } from 'vitest';
import { pathSegment } from '../../core/index.ts';

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
