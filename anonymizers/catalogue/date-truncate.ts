import * as z from 'zod/mini';
import { defineAnonymizer, described } from '../anonymizer.ts';
import { checkRoomForDate } from './date-shift.ts';

const pattern = /^(\d{4})-(\d{2})-(\d{2})(?:([ T])(\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([-+]\d{2}(?::?\d{2}){0,2}|Z)?)?$/;
const zeroDate = /^0000-00-00(?:[ T]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)?$/;
const units = ['decade', 'year', 'month', 'day', 'hour'] as const;

export const dateTruncate = defineAnonymizer({
  name: 'date-truncate',
  summary:
    'The beginning of the decade, year, month, day or hour that a date is in. What is no date becomes 1970-01-02; a zero date stays. In text and JSON: of a date such as `1984-05-12`, with a time behind it or without.',
  types: ['date', 'datetime', 'text'],
  facts: {
    charset: 'ascii',
    length: 'fitted',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'no',
    enumerable: 'partly',
    protects: 'The date within its unit.',
    leaves: 'The unit, for everybody who sees the copy. A first of January that was one stays as it is.',
    example: { parameters: 'year', value: '1984-05-12' },
  },
  parameters: z.strictObject({ to: described(z._default(z.enum(units), 'month'), 'What is left of the date.') }),
  short: 'to',
  create: ({ to }, { target }) => {
    const kept = units.indexOf(to);
    checkRoomForDate('date-truncate', target);
    const encoder = new TextEncoder();
    const otherwise = target.type === 'datetime' ? '1970-01-02 00:00:00' : '1970-01-02';
    // MySQL's TIMESTAMP begins in 1970, where the time zone lets it.
    const isShort = /^timestamp(\(\d\))?$/i.test(target.sqlType);
    return {
      unique: false,
      longest: 'input',
      apply: (value) => {
        const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
        if (zeroDate.test(text)) return value;
        const [, year, month, day, separator, hour, , , fraction = '', zone = ''] = pattern.exec(text) ?? [];
        if (year === undefined || !isDay(`${year}-${month}-${day}`)) return encoder.encode(otherwise);
        const keptYear = kept >= 1 ? year : `${year.slice(0, 3)}0`;
        const date = `${keptYear === '0000' ? '0001' : keptYear}-${kept >= 2 ? month : '01'}-${kept >= 3 ? day : '01'}`;
        const shown = isShort && date < '1970-01-02' ? '1970-01-02' : date;
        if (separator === undefined) return encoder.encode(shown);
        const time = `${kept >= 4 ? hour : '00'}:00:00${fraction.replaceAll(/\d/g, '0')}`;
        return encoder.encode(`${shown}${separator}${time}${zone}`);
      },
    };
  },
});

function isDay(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().slice(0, 10) === text;
}
