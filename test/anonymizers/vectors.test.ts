import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { catalogue } from '../../anonymizers/index.ts';
import { readRule } from '../../anonymizers/policy.ts';
import { cases } from './cases.ts';
import { column, compile, shop } from './live.ts';
import { keyText } from './making.ts';
import { moreCases } from './more-cases.ts';
import { type Vector, vectorsOf } from './vectors.ts';

type Pinned = { readonly key: string; readonly vectors: readonly Vector[]; readonly sampledRows?: readonly string[] };

function pinnedIn(version: number): Pinned {
  return JSON.parse(readFileSync(new URL(`../fixtures/anonymizers/vectors.v${version}.json`, import.meta.url), 'utf8')) as Pinned;
}

// A change of a result breaks the equality of old and new snapshots under one key: it needs a new version in the algorithm's name and a new
// file beside these, never an edit of these.
describe('the published vectors', () => {
  test.each([
    [1, cases],
    [2, moreCases],
  ])('version %i: every case gives what they say', (version, given) => {
    const { key, vectors } = pinnedIn(version);
    expect(key).toBe(keyText);
    expect(vectorsOf(given)).toEqual(vectors);
  });

  test('which rows are in a sample', () => {
    const live = shop({ users: { columns: [column('id', { type: 'integer', sqlType: 'int', unique: true, nullable: false })], key: [0] } });
    const policy = compile('sources: {mysql: {tables: {users: {rows: {sample: 10%}, keep: [id]}}}}', live);
    const { takes } = policy.table('mysql', 'shop', 'users');
    const ids = Array.from({ length: 200 }, (_, id) => String(id));
    expect(ids.filter((id) => takes?.([Buffer.from(id)]))).toEqual(pinnedIn(2).sampledRows);
  });

  test('have every anonymizer with every option that it lists, and with another identity, key or not', () => {
    const used = new Set(
      [...cases, ...moreCases].flatMap(({ rule }) => {
        const { name, parameters } = readRule(rule);
        const short = catalogue.find((one) => one.name === name)?.short;
        const given =
          typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters) ? parameters : { [short ?? '']: parameters };
        return [name, ...Object.entries(given).map(([parameter, value]) => `${name} ${parameter}: ${JSON.stringify(value)}`)];
      }),
    );
    const missing = catalogue.flatMap(({ name, parameters }) => {
      const { properties = {} } = z.toJSONSchema(parameters, { io: 'input', unrepresentable: 'any' });
      const options = Object.entries(properties).flatMap(([parameter, schema]) => {
        if (typeof schema === 'boolean') return [];
        const values = schema.enum ?? (schema.type === 'boolean' ? [true, false] : []);
        return values.filter((value) => value !== schema.default).map((value) => `${name} ${parameter}: ${JSON.stringify(value)}`);
      });
      return [name, ...options].filter((one) => !used.has(one));
    });
    expect(missing).toEqual([]);
  });
});
