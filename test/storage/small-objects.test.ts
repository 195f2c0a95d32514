import { expect, it } from 'vitest';
import { createSmallObjects } from '../../storage/small-objects.ts';

it('small objects are known in the state they were read in, and only the latest of them', () => {
  const small = createSmallObjects(5_000);
  const bytes = new Uint8Array(1_000);
  small.keep('a', '1', bytes);
  expect(small.get('a', '1')).toBe(bytes);
  expect(small.get('a', '2')).toBeUndefined();
  for (const key of ['b', 'c', 'd']) small.keep(key, '1', bytes);
  expect(small.get('a', '1')).toBe(bytes);
  small.keep('e', '1', bytes);
  // Of the others `a` was asked for last.
  expect(small.has('e')).toBe(true);
  expect(small.has('b')).toBe(false);
  expect(small.has('a')).toBe(true);
  // The same key in another state takes the place of the one before.
  for (let state = 0; state < 20; state += 1) small.keep('e', String(state), bytes);
  expect(small.has('a')).toBe(true);
});
