import { createECDH, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { expect, test } from 'vitest';
import { parsePolicy, type Rule, readRule } from '../../anonymizers/policy.ts';

const policy = parsePolicy(readFileSync(new URL('../../stack/policies/prod.yaml', import.meta.url), 'utf8'), 'prod.yaml');

/** As the ready-made policy for AeroGear has it, which the sample's own includes. */
const constantOf = (table: string, column: string): string => {
  const rule = policy.sources.aerogear?.included?.[0]?.tables?.[table]?.columns[column] as Rule;
  return String(readRule(rule).parameters);
};

test('the PKCS#12 opens with its passphrase', () => {
  const pfx = Buffer.from(constantOf('ios_variant', 'cert_data'), 'base64');
  expect(() => createSecureContext({ pfx, passphrase: constantOf('ios_variant', 'passphrase') })).not.toThrow();
});

test('the p8 key parses and fits its column', () => {
  const pem = constantOf('ios_token_variant', 'private_key');
  expect(createPrivateKey(pem).asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  expect(pem.length).toBeLessThanOrEqual(2048);
});

test('the VAPID pair belongs together', () => {
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(Buffer.from(constantOf('webpush_variant', 'private_key'), 'base64url'));
  expect(curve.getPublicKey().toString('base64url')).toBe(constantOf('webpush_variant', 'public_key'));
});

test('nothing can be pushed to a real device', () => {
  for (const table of ['ios_variant', 'ios_token_variant']) expect(constantOf(table, 'production')).toBe('false');
});
