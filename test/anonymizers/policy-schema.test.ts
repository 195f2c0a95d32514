import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { policyJsonSchema } from '../../anonymizers/policy-json-schema.ts';

const sample = new URL('../../stack/policies/prod.yaml', import.meta.url);
const published = new URL('../../docs/policy.schema.json', import.meta.url);

test('the published schema is what the grammar and the catalogue say; node scripts/write-policy-schema.ts writes it', () => {
  expect(JSON.parse(readFileSync(published, 'utf8'))).toEqual(policyJsonSchema());
});

test('the sample policy names the schema and keeps to it', () => {
  const text = readFileSync(sample, 'utf8');
  const [, path = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
  expect(existsSync(new URL(path, sample))).toBe(true);
  const schema = z.fromJSONSchema(policyJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
  expect(schema.safeParse(parse(text)).error?.issues ?? []).toEqual([]);
  const of = (rule: unknown) => schema.safeParse({ version: 1, sources: { a: { tables: { t: { columns: { c: rule } } } } } }).success;
  expect([of('email'), of({ 'first-name': { of: 'mail' } }), of({ same_as: 'a.b' }), of(null)]).toEqual([true, true, true, true]);
  expect([of('emial'), of({ email: { domian: 'x' } }), of({ email: {}, login: {} }), of(7)]).toEqual([false, false, false, false]);
});
