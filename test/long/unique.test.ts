import { expect, test } from 'vitest';
import type { Rule } from '../../anonymizers/policy.ts';
import { textRule } from '../anonymizers/making.ts';

const count = 1_000_000;

test.each<readonly [Rule, (n: number) => string]>([
  ['email', (n) => `user${n}@acme.fr`],
  [{ email: { form: 'company' } }, (n) => `user${n}@acme${n % 1000}.fr`],
  ['login', (n) => `user${n}`],
  ['phone', (n) => `+336${String(n * 97).padStart(8, '0')}`],
  ['company-name', (n) => `Company ${n}`],
  ['domain', (n) => `acme${n}.fr`],
  ['url', (n) => `https://acme.fr/${n}`],
  ['token', String],
  [{ token: { form: 'hex', length: 20 } }, String],
  [{ token: { form: 'same-shape' } }, (n) => `K${String(n).padStart(6, '0')}`],
  ['uuid', (n) => `6ba7b810-9dad-11d1-80b4-${n.toString(16).padStart(12, '0')}`],
  ['hash', String],
  ['apple-id', (n) => n.toString(36).toUpperCase().padStart(10, '0')],
  [{ ip: { form: 'prefix' } }, (n) => `81.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`],
])('%j keeps a million values apart', (rule, value) => {
  const apply = textRule(rule);
  const seen = new Set<string | null>();
  for (let n = 0; n < count; n++) seen.add(apply(value(n)));
  expect(seen.size).toBe(count);
});
