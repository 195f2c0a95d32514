import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter } from '../anonymizer.ts';
import { createNormalizer } from '../normalize.ts';

const metresPerDegree = 111_320;
const coordinate = /^\s*[-+]?\d{1,3}(?:\.\d{0,30})?\s*$/;
const pairPattern = /^\s*(point\s*\()?\s*([-+]?\d{1,3}(?:\.\d{0,30})?)(\s*[,;]\s*|\s+)([-+]?\d{1,3}(?:\.\d{0,30})?)\s*(\)?)\s*$/i;
/** The smallest part of the largest displacement on an axis. */
const nearest = 0.3;

export const geoPoint = defineAnonymizer({
  name: 'geo-point',
  summary:
    'Moves a place to another one within `radius` metres: a latitude, a longitude, or both in one value (`48.85, 2.35`, or `POINT(2.35 48.85)`). What is no coordinate becomes 0.',
  types: ['text', 'decimal', 'float'],
  facts: {
    charset: 'ascii',
    length: 'checked',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'no',
    enumerable: 'partly',
    protects: 'The exact place.',
    leaves:
      'The region of `radius`. Many places of one person, each moved for itself, still gather around the real ones: take `null` for tracks. A coordinate coarser than the radius stays about as it is.',
    example: { parameters: { part: 'pair', radius: 5000 }, value: '48.856613, 2.352222' },
  },
  parameters: z.strictObject({
    identity: identityParameter('value.token'),
    part: described(z.enum(['latitude', 'longitude', 'pair']), 'What the value is.'),
    radius: described(z._default(z.int().check(z.minimum(10), z.maximum(500_000)), 1000), 'In metres.'),
  }),
  short: 'part',
  create: ({ identity, part, radius }, tools) => {
    const prf = tools.prf('geo-point/1', identity, 'token');
    const normalizer = createNormalizer();
    const tag = new Uint32Array(4);
    const encoder = new TextEncoder();
    // Each axis moves by at most this, so both together stay within the radius.
    const most = radius / Math.SQRT2 / metresPerDegree;
    const moved = (text: string, drawn: number, limit: number): string => {
      const decimals = text.trim().split('.')[1]?.length ?? 0;
      const share = nearest + ((1 - nearest) * (drawn >>> 1)) / 2 ** 31;
      const by = (drawn & 1) === 0 ? share * most : -share * most;
      const from = Number(text);
      const there = from + by > limit || from + by < -limit ? from - by : from + by;
      return Math.max(-limit, Math.min(limit, there)).toFixed(Math.min(decimals, 15));
    };
    return {
      unique: false,
      longest: 'input',
      apply: (value) => {
        const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
        const length = normalizer.exact(value);
        prf(normalizer.bytes, length, tag);
        if (part !== 'pair') {
          return encoder.encode(coordinate.test(text) ? moved(text, tag[0] as number, part === 'latitude' ? 90 : 180) : '0');
        }
        const [, point = '', first, between = '', second, close = ''] = pairPattern.exec(text) ?? [];
        if (first === undefined || second === undefined) return encoder.encode('0,0');
        // Well-known text names the longitude first.
        const [firstLimit, secondLimit] = point === '' ? [90, 180] : [180, 90];
        const there = `${moved(first, tag[0] as number, firstLimit)}${between}${moved(second, tag[1] as number, secondLimit)}`;
        return encoder.encode(`${point}${there}${close}`);
      },
    };
  },
});
