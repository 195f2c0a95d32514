import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from '../../anonymizers/index.ts';
import { catalogue } from '../../anonymizers/index.ts';
import { readRule } from '../../anonymizers/policy.ts';
import { DynDataError } from '../../core/index.ts';
import { times } from '../support/many-times.ts';
import { bytesOf, type Case, cases, othersOf } from './cases.ts';
import { makeRule, otherKeyText } from './making.ts';
import { moreCases } from './more-cases.ts';

const runs = times(40, 150);
const uniqueValues = times(4_000, 20_000);

/** Results that are the same under every key: they do not depend on it. */
const unkeyed = new Set([
  'keep',
  'null',
  'constant',
  'template',
  'date-truncate',
  'number-bucket',
  'mask',
  'truncate',
  'image',
  'pkcs12',
  'pkcs12-passphrase',
]);
/** Hashes without a salt, which could depend on a key. */
const unsalted = /"(?:found|plain|sha\d*|md5|hex-\w+)"/;

/** Values by which the real one can be seen again, as their entries in the catalogue say. */
const showsValue = new Set([
  'keep',
  'truncate',
  'scrub',
  'shuffle',
  'number-bucket',
  'date-truncate',
  'number-noise',
  'geo-point',
  'json',
  'template',
]);

type Applied = { apply(value: Uint8Array): Value; longest: number | 'input'; unique: boolean };

function applied({ rule, type, sqlType = type, maxLength, row = {} }: Case, key?: string): Applied {
  const columns = Object.keys(row);
  const target = { type, sqlType, ...(maxLength === undefined ? {} : { maxLength }) };
  const made = makeRule(rule, target, key === undefined ? { columns } : { columns, key });
  const others = othersOf({ row });
  return { apply: (value) => made.apply(value, others), longest: made.longest, unique: made.unique };
}

const hexOf = (value: Value): string => Buffer.from(value ?? []).toString('hex');
const textOf = (value: Value): string => Buffer.from(value ?? []).toString('utf8');
const highestCode = { ascii: 0x7f, latin1: 0xff, utf8: 0x10_ffff, input: 0x10_ffff };

/** Bytes and strings of any kind, and real values bent in one place. */
const anything = (value: (n: number) => string): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => new Uint8Array(Buffer.from(text))),
    fc.nat(1_000_000).map((n) => new Uint8Array(bytesOf(value(n)))),
    fc
      .tuple(fc.nat(1_000_000), fc.nat(60), fc.nat(255))
      .map(([n, at, byte]) => new Uint8Array(bytesOf(value(n))).map((old, index) => (index === at ? byte : old))),
  );

test('every anonymizer has a case', () => {
  const named = new Set(cases.map(({ rule }) => readRule(rule).name));
  expect(catalogue.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([]);
});

// `when` is no anonymizer: it chooses one.
const ofAnonymizers = [...cases, ...moreCases].filter(({ rule }) => readRule(rule).name !== 'when');

describe.each(ofAnonymizers.map((one) => [JSON.stringify(one.rule), one] as const))('%s', (_, one) => {
  const { name } = readRule(one.rule);
  const entry = catalogue.find((candidate) => candidate.name === name);
  const facts = entry?.facts;
  if (!facts) throw new Error(`${name} is not in the catalogue`);
  const real = (n: number): Buffer => bytesOf(one.value(n));
  const byOrder = facts.decidedBy === 'order';

  test('is total, deterministic under one key, leaves its input alone and keeps its form, length and characters', () => {
    const [first, again] = [applied(one), applied(one)];
    fc.assert(
      fc.property(anything(one.value), (value) => {
        const before = Buffer.from(value);
        let result: Value;
        try {
          result = first.apply(value);
        } catch (error) {
          // A document that is none cannot be decided, and a hash may have no room: the build stops, without the value in its words.
          if (facts.length !== 'checked' || !(error instanceof DynDataError)) throw error;
          expect(error.code).toBe('DATA_UNMASKABLE');
          if (value.length > 4) expect(error.message).not.toContain(before.toString());
          return;
        }
        expect(before.equals(value)).toBe(true);
        const same = again.apply(value);
        expect(Buffer.compare(Buffer.from(same ?? []), Buffer.from(result ?? []))).toBe(0);
        const shown = textOf(result);
        if (one.type !== 'binary' && !(name === 'date-shift' && shown.startsWith('0000-00-00')) && value.length > 0)
          expect(shown).toMatch(one.result);
        const { longest } = first;
        const length = one.type === 'binary' ? (result?.length ?? 0) : [...shown].length;
        if (typeof longest === 'number') expect(length).toBeLessThanOrEqual(longest);
        const highest = one.type === 'binary' ? 0 : [...shown].reduce((top, character) => Math.max(top, character.codePointAt(0) ?? 0), 0);
        expect(highest).toBeLessThanOrEqual(highestCode[facts.charset]);
      }),
      { numRuns: runs, seed: 1 },
    );
  });

  test('what it gives for a realistic value is of the form of the value, and not the value', () => {
    const { apply } = applied(one);
    for (let n = 0; n < 300; n++) {
      const result = textOf(apply(real(n)));
      expect(result).toMatch(one.result);
      if (!showsValue.has(name) && !(name === 'date-shift')) expect(result).not.toBe(one.value(n));
      if (facts.length === 'input' && one.type !== 'binary' && !byOrder)
        expect([...result].length).toBeLessThanOrEqual([...one.value(n)].length);
    }
  });

  const isUnkeyed = unkeyed.has(name) || (name === 'password' && unsalted.test(JSON.stringify(one.rule)));
  test(isUnkeyed ? 'gives the same under every key' : 'gives something else under another key', () => {
    const [here, there] = [applied(one), applied(one, otherKeyText)];
    const results = (by: Applied): string => Array.from({ length: 50 }, (__, n) => hexOf(by.apply(real(n)))).join('\n');
    if (!isUnkeyed) expect(results(there)).not.toBe(results(here));
    else if (!JSON.stringify(one.rule).includes('found')) expect(results(there)).toBe(results(here));
  });

  const ofItsOwn = facts.decidedBy !== 'nothing' && !byOrder && name !== 'keep' && name !== 'template';
  if (ofItsOwn && applied(one).unique) {
    test('different values stay different, as it says', () => {
      const { apply } = applied(one);
      const seen = new Set<string>();
      const count =
        name === 'p8-key' || name === 'vapid-key'
          ? times(60, 300)
          : name.startsWith('device') || name === 'fcm-key'
            ? times(600, 3000)
            : uniqueValues;
      for (let n = 0; n < count; n++) seen.add(hexOf(apply(real(n))));
      expect(seen.size).toBe(count);
    });
  }

  test('stands on a unique column only where it keeps values apart', () => {
    const make = (): unknown =>
      makeRule(one.rule, { type: one.type, sqlType: one.sqlType ?? one.type, unique: true }, { columns: Object.keys(one.row ?? {}) });
    if (facts.unique === 'no') expect(make).toThrow(/unique/);
    if (facts.unique === 'yes') expect(make).not.toThrow();
  });

  test('is refused on a column without room, or never needs more', () => {
    const { longest } = applied(one);
    if (facts.length !== 'bounded' || typeof longest !== 'number' || longest === 0) return;
    expect(() => applied({ ...one, maxLength: longest - 1 })).toThrow(/room/);
    expect(() => applied({ ...one, maxLength: longest })).not.toThrow();
  });
});
