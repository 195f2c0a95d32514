import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readRule } from '../../anonymizers/policy.ts';
import { cases } from './cases.ts';
import { keyText } from './making.ts';
import { type Vector, vectorsOf } from './vectors.ts';

const path = new URL('../fixtures/anonymizers/vectors.v1.json', import.meta.url);
const pinned = JSON.parse(readFileSync(path, 'utf8')) as { key: string; vectors: Vector[] };

// A change of a result breaks the equality of old and new snapshots under one key: it needs a new version in the algorithm's name and a new
// file beside this one, never an edit of this one.
test('every anonymizer gives what the published vectors say', () => {
  expect(pinned.key).toBe(keyText);
  expect(vectorsOf(cases)).toEqual(pinned.vectors);
});

test('every case is pinned', () => {
  const named = new Set(pinned.vectors.map(({ rule }) => readRule(rule).name));
  for (const { rule } of cases) expect(named).toContain(readRule(rule).name);
});
