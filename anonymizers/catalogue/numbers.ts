import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter, type Target } from '../anonymizer.ts';
import { createNormalizer } from '../normalize.ts';
import { formatDecimal, largestOf, parseDecimal } from '../numbers.ts';

const encoder = new TextEncoder();
const isRoomy = (text: string, { type, maxLength }: Target): boolean =>
  type !== 'text' || maxLength === undefined || text.length <= maxLength;
const zero = encoder.encode('0');
const steps = 2n ** 20n;

function textOf(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
}

export const numberNoise = defineAnonymizer({
  name: 'number-noise',
  summary:
    'Moves a number up or down by up to `percent` of itself, never by less than a fifth of that where its decimals allow it. Decimals and sign are kept, 0 stays 0, and what is no number becomes 0. In text and JSON: of a number without blanks or signs of thousands.',
  types: ['integer', 'decimal', 'float', 'text'],
  facts: {
    charset: 'ascii',
    length: 'fitted',
    nulls: 'kept',
    decidedBy: 'row',
    unique: 'no',
    enumerable: 'partly',
    protects: 'The exact number.',
    leaves: 'The size of the number within `percent`, and which are 0. A number that stands out still does; sums and averages nearly stay.',
    example: { parameters: { percent: 20 }, value: '41250.00' },
  },
  parameters: z.strictObject({
    identity: identityParameter('value.token'),
    percent: described(
      z._default(z.int().check(z.minimum(1), z.maximum(100)), 10),
      'At most so much of the number is added or taken away.',
    ),
    subject: described(
      z.optional(z.string()),
      'The column that says whose number it is: equal numbers of two subjects then move differently.',
    ),
  }),
  short: 'percent',
  create: ({ identity, percent, subject }, tools) => {
    const prf = tools.prf('number-noise/1', identity, 'token');
    const subjectIndex = subject === undefined ? undefined : tools.sibling(subject).index;
    const largest = largestOf(tools.target.sqlType);
    const normalizer = createNormalizer();
    const separator = Uint8Array.of(0);
    const tag = new Uint32Array(4);
    return {
      unique: false,
      longest: 'input',
      ...(subject === undefined ? {} : { stage: 'before' as const, reads: [subject] }),
      apply: (value, row) => {
        const number = parseDecimal(textOf(value));
        if (!number) return zero;
        const whose = subjectIndex === undefined ? undefined : row[subjectIndex];
        const length = normalizer.exact(whose ? Buffer.concat([whose, separator, value]) : value);
        prf(normalizer.bytes, length, tag);
        const { scaled, decimals } = number;
        // From a fifth of the percentage to all of it.
        const part = (steps + ((4n * steps * BigInt((tag[0] as number) >>> 12)) >> 20n)) / 5n;
        const size = (scaled < 0n ? -scaled : scaled) * BigInt(percent) * part;
        const rounded = (size + 50n * steps) / (100n * steps);
        const offset = rounded === 0n && scaled !== 0n ? 1n : rounded;
        const sign = scaled < 0n ? -1n : 1n;
        const absolute = scaled * sign;
        const upwards = absolute + offset;
        const up = ((tag[1] as number) & 1) === 0 && (largest === undefined || upwards <= largest * 10n ** BigInt(decimals));
        const downwards = absolute - offset;
        // A number as small as its last decimal has nowhere to go but up.
        const moved = up || downwards < 0n ? upwards : downwards;
        const text = formatDecimal({ scaled: moved * sign, decimals });
        if (isRoomy(text, tools.target)) return encoder.encode(text);
        const shorter = formatDecimal({ scaled: (downwards < 0n ? 0n : downwards) * sign, decimals });
        return isRoomy(shorter, tools.target) ? encoder.encode(shorter) : zero;
      },
    };
  },
});

export const numberBucket = defineAnonymizer({
  name: 'number-bucket',
  summary:
    'Replaces a number by the beginning of its interval of `size`, towards 0: 41250 with the size 5000 becomes 40000. What is no number becomes 0. In text and JSON: of a number without blanks or signs of thousands.',
  types: ['integer', 'decimal', 'float', 'text'],
  facts: {
    charset: 'ascii',
    length: 'fitted',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'no',
    enumerable: 'partly',
    protects: 'The number within its interval.',
    leaves: 'The interval. An interval with one person in it says who that is: choose a size that leaves many in each.',
    example: { parameters: 5000, value: '41250.00' },
  },
  parameters: z.strictObject({ size: described(z.number().check(z.positive()), 'The length of an interval.') }),
  short: 'size',
  create: ({ size }, { target }) => {
    const step = parseDecimal(String(size)) ?? { scaled: 1n, decimals: 0 };
    return {
      unique: false,
      longest: 'input',
      apply: (value) => {
        const number = parseDecimal(textOf(value));
        if (!number) return zero;
        const decimals = Math.max(number.decimals, step.decimals);
        const scaled = number.scaled * 10n ** BigInt(decimals - number.decimals);
        const interval = step.scaled * 10n ** BigInt(decimals - step.decimals);
        const begin = scaled - (scaled % interval);
        // Towards 0, so the decimals of the number hold it, or one less of them.
        const text = formatDecimal({ scaled: begin / 10n ** BigInt(decimals - number.decimals), decimals: number.decimals });
        return isRoomy(text, target) ? encoder.encode(text) : zero;
      },
    };
  },
});
