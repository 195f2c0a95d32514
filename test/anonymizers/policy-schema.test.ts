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

test('every key and every parameter has its sentence, which an editor shows', () => {
  const silent: string[] = [];
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    for (const [key, value] of Object.entries(schema)) {
      if (key !== 'properties') walk(value, `${path}/${key}`);
      else
        for (const [name, property] of Object.entries(value as Record<string, Record<string, unknown>>)) {
          const isRule = property.$ref === '#/$defs/rule';
          if (typeof property.description !== 'string' && !isRule) silent.push(`${path}/${name}`);
          walk(property, `${path}/${name}`);
        }
    }
  };
  const { $id, ...schema } = policyJsonSchema();
  expect($id).toBe('urn:dyn-data:policy:1');
  walk(schema, '');
  expect(silent).toEqual([]);
});

test('the sample policy names the schema and keeps to it', () => {
  const text = readFileSync(sample, 'utf8');
  const [, path = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
  expect(existsSync(new URL(path, sample))).toBe(true);
  const schema = z.fromJSONSchema(policyJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
  expect(schema.safeParse(parse(text)).error?.issues ?? []).toEqual([]);
  const of = (rule: unknown) => schema.safeParse({ version: 1, sources: { a: { tables: { t: { columns: { c: rule } } } } } }).success;
  expect([of('email'), of({ 'first-name': { of: 'mail' } }), of({ same_as: 'a.b' }), of(null)]).toEqual([true, true, true, true]);
  expect([of({ template: '{a}' }), of({ password: 'ssha' }), of({ 'date-shift': { subject: 'id' } }), of({ phone: null })]).toEqual([
    true,
    true,
    true,
    true,
  ]);
  for (const name of ['template', 'sample', 'shuffle', 'date-shift', 'constant', 'number-bucket', 'truncate', 'geo-point', 'password'])
    expect([name, of(name), of({ [name]: null }), of({ [name]: {} })]).toEqual([name, false, false, false]);
  const when = (is: unknown) => of({ when: Object.fromEntries([...Object.entries({ column: 'kind', is, else: null }), ['then', 'keep']]) });
  expect([when('x'), when(['x', null]), when({}), when([['x']])]).toEqual([true, true, false, false]);
  const source = (more: object) => schema.safeParse({ version: 1, sources: { a: more } }).success;
  expect([source({ include: ['ldap-person'] }), source({ include: ['ldap-persons'] })]).toEqual([true, false]);
  expect([
    schema.safeParse({ version: 1, country: 'GB', sources: {} }).success,
    schema.safeParse({ version: 1, country: 'XX', sources: {} }).success,
  ]).toEqual([true, false]);
  expect([of('emial'), of({ email: { domian: 'x' } }), of({ email: {}, login: {} }), of(7)]).toEqual([false, false, false, false]);
});
