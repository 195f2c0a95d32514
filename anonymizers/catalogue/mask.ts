import { isUtf8 } from 'node:buffer';
import * as z from 'zod/mini';
import { defineAnonymizer, described } from '../anonymizer.ts';

const encoder = new TextEncoder();
const count = z.int().check(z.minimum(0), z.maximum(64));

/** The characters of a value; of what is not UTF-8, the bytes. */
function charactersOf(value: Uint8Array): string[] {
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return [...(isUtf8(value) ? text.toString('utf8') : '?'.repeat(value.length))];
}

export const mask = defineAnonymizer({
  name: 'mask',
  summary:
    'Replaces every character by a sign, except some at the beginning or the end. A value with fewer than twice as many characters as would stay is masked whole.',
  types: ['text'],
  facts: {
    charset: 'input',
    length: 'input',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'no',
    enumerable: 'partly',
    protects: 'What is masked.',
    leaves: 'The length and the characters that stay; with a few of them a person is often found again.',
    example: { parameters: { end: 4 }, value: '4111111111111111' },
  },
  parameters: z.strictObject({
    start: described(z._default(count, 0), 'So many characters at the beginning stay.'),
    end: described(z._default(count, 0), 'So many characters at the end stay.'),
    sign: described(z._default(z.string().check(z.regex(/^[\x21-\x7e]$/)), '*'), 'One sign of ASCII.'),
  }),
  create: ({ start, end, sign }) => ({
    unique: false,
    longest: 'input',
    apply: (value) => {
      const characters = charactersOf(value);
      const stays = characters.length >= 2 * (start + end);
      return encoder.encode(
        characters.map((character, at) => (stays && (at < start || at >= characters.length - end) ? character : sign)).join(''),
      );
    },
  }),
});

export const truncate = defineAnonymizer({
  name: 'truncate',
  summary: 'Keeps the first characters of a value and nothing else.',
  types: ['text'],
  facts: {
    charset: 'input',
    length: 'input',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'no',
    enumerable: 'partly',
    protects: 'What is cut off.',
    leaves: 'What stays; a value that is not longer stays whole.',
    example: { parameters: 2, value: '69007' },
  },
  parameters: z.strictObject({ length: described(z.int().check(z.minimum(0), z.maximum(64)), 'So many characters stay.') }),
  short: 'length',
  create: ({ length }) => ({
    unique: false,
    longest: length,
    apply: (value) => encoder.encode(charactersOf(value).slice(0, length).join('')),
  }),
});
