import * as z from 'zod/mini';
import { defineAnonymizer, identityParameter } from '../anonymizer.ts';
import { createNormalizer } from '../normalize.ts';

const datePattern = /^(\d{4})-(\d{2})-(\d{2})(?:([ T])(.*))?$/;
const dayMs = 86_400_000;
const zeroDate = '0000-00-00';
const otherwise = '1970-01-02';

export const dateShift = defineAnonymizer({
  name: 'date-shift',
  summary:
    'Moves a date by a number of days that belongs to the subject named in another column, never by none: order and intervals of one subject are kept. What is no date becomes 1970-01-02; a zero date stays.',
  types: ['date', 'datetime'],
  facts: {
    charset: 'ascii',
    length: 'input',
    nulls: 'kept',
    decidedBy: 'row',
    unique: 'no',
    enumerable: 'partly',
    protects: 'The day.',
    leaves: 'Order and intervals of one subject; the date within `days`. One real date of a subject that is known gives away all of them.',
    example: { parameters: { subject: 'id', days: 365 }, value: '1984-05-12', row: { id: '7' } },
  },
  parameters: z.strictObject({
    identity: identityParameter('person.date'),
    /** The column that says whose date it is. Its real value is read. */
    subject: z.string(),
    /** At most so many days forwards or backwards. */
    days: z._default(z.int().check(z.minimum(7), z.maximum(3650)), 180),
  }),
  create: ({ identity, subject, days }, { target, prf: keyed, sibling }) => {
    const prf = keyed('date-shift/1', identity, 'date');
    const subjectIndex = sibling(subject).index;
    const normalizer = createNormalizer();
    const tag = new Uint32Array(4);
    const withTime = target.type === 'datetime';
    const range = rangeOf(target.sqlType);
    const encoder = new TextEncoder();
    return {
      unique: false,
      longest: 'input',
      stage: 'before',
      reads: [subject],
      apply: (value, row) => {
        const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
        if (text.startsWith(zeroDate)) return value;
        const whose = row[subjectIndex] ?? value;
        const length = normalizer.folded(whose);
        prf(normalizer.bytes, length, tag);
        const roll = (tag[0] as number) % (2 * days);
        const shift = roll < days ? roll - days : roll - days + 1;
        return encoder.encode(moved(text, shift, range) ?? (withTime ? `${otherwise} 00:00:00` : otherwise));
      },
    };
  },
});

/** First and last day that the type holds. MySQL's TIMESTAMP ends in 2038; years have four digits everywhere. */
function rangeOf(sqlType: string): readonly [fromMs: number, toMs: number] {
  const short = /^timestamp(\(\d\))?$/i.test(sqlType);
  return short ? [Date.UTC(1970, 0, 2), Date.UTC(2038, 0, 18)] : [Date.UTC(1000, 0, 1), Date.UTC(9999, 11, 31)];
}

/** The date `days` later; the other way where that would leave the range. Undefined for what is no date. */
function moved(text: string, days: number, [fromMs, toMs]: readonly [number, number]): string | undefined {
  const match = datePattern.exec(text);
  if (!match) return undefined;
  const [, year, month, day, separator, time] = match;
  const atMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  if (new Date(atMs).toISOString().slice(0, 10) !== `${year}-${month}-${day}`) return undefined;
  if (time !== undefined && !timePattern.test(time)) return undefined;
  const forwardsMs = atMs + days * dayMs;
  const movedMs = forwardsMs < fromMs || forwardsMs > toMs ? atMs - days * dayMs : forwardsMs;
  if (movedMs < fromMs || movedMs > toMs) return undefined;
  return new Date(movedMs).toISOString().slice(0, 10) + (time === undefined ? '' : `${separator}${time}`);
}

const timePattern = /^\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[-+]\d{2}(?::?\d{2}){0,2}|Z)?$/;
