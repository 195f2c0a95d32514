import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter, refuse } from '../anonymizer.ts';
import { createNormalizer } from '../normalize.ts';
import { largestOf } from '../numbers.ts';

const metresPerDegree = 111_320;
const coordinate = /^\s*[-+]?\d{1,3}(?:\.\d{0,30})?\s*$/;
const pairPattern = /^\s*(point\s*\()?\s*([-+]?\d{1,3}(?:\.\d{0,30})?)(\s*[,;]\s*|\s+)([-+]?\d{1,3}(?:\.\d{0,30})?)\s*(\)?)\s*$/i;
const postgresPoint = /^(\()([-+]?\d{1,3}(?:\.\d{0,30})?)(,)([-+]?\d{1,3}(?:\.\d{0,30})?)(\))$/;
/** MySQL's own form: a number of the reference system, then well-known binary, which is order, kind, and two doubles. */
const [pointStart, pointBytes, littleEndian, pointKind, pointDecimals] = [4, 25, 1, 1, 7];
const nowhere = '0,0';
/** The smallest part of the largest displacement on an axis. */
const nearest = 0.3;

export const geoPoint = defineAnonymizer({
  name: 'geo-point',
  summary:
    'Moves a place to another one within `radius` metres: a latitude, a longitude, or both in one value (`48.85, 2.35`, or `POINT(2.35 48.85)`). A `point` of PostgreSQL or MySQL is a pair, the longitude first. What is no coordinate becomes 0.',
  types: ['text', 'decimal', 'float', 'other'],
  facts: {
    charset: 'ascii',
    length: 'fitted',
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
    const { type, sqlType, maxLength, sourceKind } = tools.target;
    const isPoint = type === 'other';
    if (isPoint && sqlType !== 'point') refuse(`"geo-point" is for text, numbers and points, and this is ${sqlType}`);
    if (isPoint && part !== 'pair') refuse('"geo-point" of a point has the part "pair"');
    if (part === 'pair' && type !== 'text' && !isPoint)
      refuse('"geo-point" writes a pair into text and points only; take latitude or longitude');
    if (part === 'pair' && maxLength !== undefined && maxLength < nowhere.length) refuse(`"geo-point" needs room for ${nowhere.length}`);
    const largest = type === 'text' || isPoint ? undefined : largestOf(sqlType);
    const fits = (there: string, room: number | undefined): boolean =>
      (room === undefined || there.length <= room) && (largest === undefined || Math.abs(Number(there)) < Number(largest + 1n));
    /** How far a coordinate moves: the other way where it would leave the globe. */
    const offsetOf = (from: number, drawn: number, limit: number): number => {
      const share = nearest + ((1 - nearest) * (drawn >>> 1)) / 2 ** 31;
      const by = (drawn & 1) === 0 ? share * most : -share * most;
      return Math.abs(from + by) > limit ? -by : by;
    };
    /** @param room characters that there are for the result */
    const moved = (text: string, drawn: number, limit: number, room: number | undefined): string => {
      const decimals = Math.min(text.trim().split('.')[1]?.length ?? 0, 15);
      const from = Number(text);
      const by = offsetOf(from, drawn, limit);
      const spelled = (place: number): string => Math.max(-limit, Math.min(limit, place)).toFixed(decimals);
      const there = spelled(from + by);
      // What gets longer away from 0 does not towards it, nor away from it what would get a sign.
      return fits(there, room) ? there : spelled(from - by);
    };
    const movedPoint = (value: Uint8Array): Uint8Array => {
      const result = new Uint8Array(pointBytes);
      result.set(value.subarray(0, pointStart));
      const view = new DataView(result.buffer);
      view.setUint8(pointStart, littleEndian);
      view.setUint32(pointStart + 1, pointKind, true);
      if (value.length !== pointBytes) return result;
      const from = new DataView(value.buffer, value.byteOffset);
      const [x, y] = [5, 13].map((at) => from.getFloat64(pointStart + at, from.getUint8(pointStart) === littleEndian)) as [number, number];
      // Metres of a plane, or nothing at all.
      if (!(Math.abs(x) <= 180 && Math.abs(y) <= 90)) return result;
      const put = (at: number, place: number): void => view.setFloat64(pointStart + at, Number(place.toFixed(pointDecimals)), true);
      put(5, x + offsetOf(x, tag[0] as number, 180));
      put(13, y + offsetOf(y, tag[1] as number, 90));
      return result;
    };
    return {
      unique: false,
      longest: 'input',
      apply: (value) => {
        const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
        const length = normalizer.exact(value);
        prf(normalizer.bytes, length, tag);
        if (isPoint && sourceKind === 'mysql') return movedPoint(value);
        if (part !== 'pair') {
          return encoder.encode(coordinate.test(text) ? moved(text, tag[0] as number, part === 'latitude' ? 90 : 180, maxLength) : '0');
        }
        const [, point = '', first, between = '', second, close = ''] = (isPoint ? postgresPoint : pairPattern).exec(text) ?? [];
        if (first === undefined || second === undefined) return encoder.encode(isPoint ? `(${nowhere})` : nowhere);
        // Well-known text names the longitude first.
        const [firstLimit, secondLimit] = point === '' ? [90, 180] : [180, 90];
        const spelled = (firstRoom?: number, secondRoom?: number): string =>
          `${point}${moved(first, tag[0] as number, firstLimit, firstRoom)}${between}${moved(second, tag[1] as number, secondLimit, secondRoom)}${close}`;
        const there = spelled();
        return encoder.encode(maxLength === undefined || there.length <= maxLength ? there : spelled(first.length, second.length));
      },
    };
  },
});
