import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter, refuse, type Target } from '../anonymizer.ts';
import { remainder } from '../draw.ts';
import { createNormalizer } from '../normalize.ts';
import { copyOf } from '../pseudonym-bytes.ts';

const dayMs = 86_400_000;
const zeroDate = Buffer.from('0000-00-00');
const otherwise = Buffer.from('1970-01-02');
const otherwiseWithTime = Buffer.from('1970-01-02 00:00:00');
const [zero, hyphen, space, letterT] = [0x30, 0x2d, 0x20, 0x54];
/** Year, month, day. */
const dateLength = 10;

export const dateShift = defineAnonymizer({
  name: 'date-shift',
  summary:
    'Moves a date by a number of days that belongs to the subject named in another column, never by none: order and intervals of one subject are kept, but for a date that would leave what its type can hold (years 1000 to 9999, 1970 to 2038 for a TIMESTAMP of MySQL), which moves the other way. What is no date becomes 1970-01-02; a zero date stays. In text and JSON: of a date such as `1984-05-12`, with a time behind it or without.',
  types: ['date', 'datetime', 'text'],
  facts: {
    charset: 'ascii',
    length: 'fitted',
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
    subject: described(z.string(), 'The column that says whose date it is. Its real value is read.'),
    days: described(z._default(z.int().check(z.minimum(7), z.maximum(3650)), 180), 'At most so many days forwards or backwards.'),
  }),
  create: ({ identity, subject, days }, { target, prf: keyed, sibling }) => {
    checkRoomForDate('date-shift', target);
    const prf = keyed('date-shift/1', identity, 'date');
    const subjectIndex = sibling(subject).index;
    const normalizer = createNormalizer();
    const tag = new Uint32Array(4);
    const withTime = target.type === 'datetime';
    const range = rangeOf(target.sqlType);
    return {
      unique: false,
      longest: 'input',
      stage: 'before',
      reads: [subject],
      apply: (value, row) => {
        if (startsWith(value, zeroDate) && isTime(value)) return value;
        const whose = row[subjectIndex] ?? value;
        const length = normalizer.folded(whose);
        prf(normalizer.bytes, length, tag);
        const roll = remainder(tag[0] as number, 2 * days);
        const shift = roll < days ? roll - days : roll - days + 1;
        return moved(value, shift, range) ?? copyOf(withTime ? otherwiseWithTime : otherwise);
      },
    };
  },
});

/** What is no date becomes one, which has to have room. @throws DynDataError POLICY_INVALID */
export function checkRoomForDate(name: string, { type, maxLength }: Target): void {
  if (type === 'text' && maxLength !== undefined && maxLength < dateLength) refuse(`"${name}" needs room for ${dateLength} characters`);
}

/** First and last day that the type holds, in days since 1970. MySQL's TIMESTAMP ends in 2038; years have four digits everywhere. */
function rangeOf(sqlType: string): readonly [fromDay: number, toDay: number] {
  const short = /^timestamp(\(\d\))?$/i.test(sqlType);
  const of = (...date: [number, number, number]): number => Date.UTC(...date) / dayMs;
  return short ? [of(1970, 0, 2), of(2038, 0, 18)] : [of(1000, 0, 1), of(9999, 11, 31)];
}

function startsWith(value: Uint8Array, beginning: Uint8Array): boolean {
  if (value.length < beginning.length) return false;
  for (let at = 0; at < beginning.length; at++) if (value[at] !== beginning[at]) return false;
  return true;
}

/** The date `shift` days later; the other way where that would leave the range. Undefined for what is no date. */
function moved(value: Uint8Array, shift: number, [fromDay, toDay]: readonly [number, number]): Uint8Array | undefined {
  const day = dayOf(value);
  if (day === undefined || !isTime(value)) return undefined;
  const forwards = day + shift;
  const target = forwards < fromDay || forwards > toDay ? day - shift : forwards;
  if (target < fromDay || target > toDay) return undefined;
  const result = copyOf(value);
  writeDay(target, result);
  return result;
}

/** The number of `count` digits that stands there; NaN where others stand there. */
function numberAt(value: Uint8Array, from: number, count: number): number {
  let number = 0;
  for (let at = from; at < from + count; at++) {
    const digit = (value[at] as number) - zero;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}

/** Days since 1970 of the date that a value begins with; undefined for what is no date of the calendar. */
function dayOf(value: Uint8Array): number | undefined {
  if (value.length < dateLength || value[4] !== hyphen || value[7] !== hyphen) return undefined;
  const [year, month, day] = [numberAt(value, 0, 4), numberAt(value, 5, 2), numberAt(value, 8, 2)];
  // Years below 100 would be read as those of the 20th century; such dates are outside of every range.
  if (!(year >= 100 && month >= 1 && month <= 12 && day >= 1 && day <= 31)) return undefined;
  const days = Date.UTC(year, month - 1, day) / dayMs;
  const isReal = new Date(days * dayMs).getUTCDate() === day;
  return isReal ? days : undefined;
}

/** Nothing behind the date, or a time. */
function isTime(value: Uint8Array): boolean {
  if (value.length === dateLength) return true;
  if (value[dateLength] !== space && value[dateLength] !== letterT) return false;
  return timePattern.test(Buffer.from(value.buffer, value.byteOffset + dateLength + 1, value.length - dateLength - 1).toString('latin1'));
}

function writeDay(days: number, into: Uint8Array): void {
  const date = new Date(days * dayMs);
  const put = (number: number, from: number, count: number): void => {
    for (let at = from + count - 1, rest = number; at >= from; at--) {
      into[at] = zero + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  };
  put(date.getUTCFullYear(), 0, 4);
  put(date.getUTCMonth() + 1, 5, 2);
  put(date.getUTCDate(), 8, 2);
}

const timePattern = /^\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[-+]\d{2}(?::?\d{2}){0,2}|Z)?$/;
