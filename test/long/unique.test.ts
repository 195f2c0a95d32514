import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Rule } from '../../anonymizers/policy.ts';
import { textRule } from '../anonymizers/making.ts';

const count = 1_000_000;

/** A German IBAN with its check digits (ISO 13616): the account first, `DE00` as `131400` behind it. */
function ibanOf(account: number): string {
  const own = `37040044${String(account).padStart(10, '0')}`;
  return `DE${String(98n - (BigInt(`${own}131400`) % 97n)).padStart(2, '0')}${own}`;
}

/** A card number with its check digit (Luhn). */
function cardOf(account: number): string {
  const own = `41111111${String(account).padStart(7, '0')}`;
  const sum = [...own].reduce((total, digit, at) => {
    const doubled = Number(digit) * (at % 2 === 0 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return `${own}${(10 - (sum % 10)) % 10}`;
}

/** Of a long result its digest: a million of them must fit into memory. */
function shortened(result: string | null): string | null {
  return result === null || result.length <= 40 ? result : createHash('sha256').update(result).digest('base64');
}

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
  ['iban', ibanOf],
  ['card-number', cardOf],
  ['device-token', (n) => `device${n}:APA91b${'x'.repeat(134)}`],
  [{ 'device-token': 'ios' }, (n) => n.toString(16).padStart(64, '0')],
  [{ 'device-token': 'webpush' }, (n) => Buffer.from(`{"endpoint":"https://push.test/${n}"}`).toString('base64')],
  ['fcm-key', (n) => `AAAAkey${n}:APA91b`],
  ['push-secret', (n) => `6ba7b810-9dad-11d1-80b4-${n.toString(16).padStart(12, '0')}`],
  ['p8-key', (n) => `-----BEGIN PRIVATE KEY-----\n${n}\n-----END PRIVATE KEY-----`],
  [{ 'vapid-key': { part: 'public' } }, (n) => `public key ${n}`],
  [{ ip: { form: 'prefix' } }, (n) => `81.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`],
])('%j keeps a million values apart', (rule, value) => {
  const apply = textRule(rule);
  const seen = new Set<string | null>();
  for (let n = 0; n < count; n++) seen.add(shortened(apply(value(n))));
  expect(seen.size).toBe(count);
});
