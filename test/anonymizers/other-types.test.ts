import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Target } from '../../anonymizers/anonymizer.ts';
import type { Rule } from '../../anonymizers/policy.ts';
import { hostileValues, makeRule } from './making.ts';

const number = /^-?\d+(?:\.\d+)?$/;
const date = /^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[-+]\d\d(?::?\d\d){0,2}|Z)?)?$/;
const inNetwork = { test: (text: string): boolean => /^[^/]+(?:\/\d{1,3})?$/.test(text) && isIP(text.split('/')[0] ?? '') > 0 };

/** Rules on types beside those of `cases.ts`, with what every result looks like. */
const places: readonly (readonly [rule: Rule, target: Partial<Target>, result: { test(text: string): boolean }])[] = [
  [{ 'number-noise': 20 }, { maxLength: 12 }, number],
  [{ 'number-bucket': 10 }, { maxLength: 12 }, number],
  [{ 'date-truncate': 'year' }, { maxLength: 40 }, date],
  [{ 'date-shift': { subject: 'id' } }, { maxLength: 40 }, date],
  ['ip', { type: 'other', sqlType: 'inet', sourceKind: 'postgres' }, inNetwork],
  ['ip', { type: 'other', sqlType: 'cidr', sourceKind: 'postgres' }, inNetwork],
  [{ ip: { form: 'prefix' } }, { type: 'other', sqlType: 'inet6' }, inNetwork],
  [{ 'geo-point': 'pair' }, { type: 'other', sqlType: 'point', sourceKind: 'postgres' }, /^\(-?\d+(?:\.\d+)?,-?\d+(?:\.\d+)?\)$/],
];

const anything = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => new Uint8Array(Buffer.from(text))),
  fc.double().map((value) => new Uint8Array(Buffer.from(String(value)))),
  fc.date({ noInvalidDate: true }).map((value) => new Uint8Array(Buffer.from(value.toISOString()))),
  fc.tuple(fc.ipV4(), fc.nat(40)).map(([address, bits]) => new Uint8Array(Buffer.from(`${address}/${bits}`))),
  fc.ipV6().map((address) => new Uint8Array(Buffer.from(address))),
  fc.constantFrom(...hostileValues),
);

describe.each(places.map((one) => [JSON.stringify(one[0]), one[1].sqlType ?? 'text', one] as const))(
  '%s on %s',
  (_, __, [rule, target, result]) => {
    test('makes one of its kind of everything, and the same of the same', () => {
      const [first, again] = [0, 1].map(() => makeRule(rule, target, { columns: ['id'] }).apply);
      fc.assert(
        fc.property(anything, fc.uint8Array({ maxLength: 9 }), (value, other) => {
          const text = Buffer.from(first?.(value, [other]) ?? []).toString();
          expect(result.test(text) ? 'its kind' : text).toBe('its kind');
          expect([...text].length).toBeLessThanOrEqual(target.maxLength ?? Number.POSITIVE_INFINITY);
          expect(Buffer.from(again?.(value, [other]) ?? []).toString()).toBe(text);
        }),
        { numRuns: 200, seed: 1 },
      );
    });
  },
);
