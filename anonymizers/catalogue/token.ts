import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter, refuse, type Tools } from '../anonymizer.ts';
import { createDraw } from '../draw.ts';
import { createNormalizer } from '../normalize.ts';
import { createPermutation } from '../permutation.ts';
import { copyOf, writeLetters } from '../pseudonym-bytes.ts';

type Write = (value: Uint8Array) => Uint8Array;

const uuidLength = 36;
/** From this many hexadecimal digits on (80 bits) two equal ones do not happen. */
const uniqueHexLength = 20;
const fallbackLength = 26;

export const token = defineAnonymizer({
  name: 'token',
  summary:
    'An opaque identifier or secret in place of one: a UUID, hexadecimal digits, or `same-shape`, a keyed permutation in which letters stay letters of their case, digits digits, and signs where they are.',
  types: ['text', 'uuid'],
  facts: {
    charset: 'ascii',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'depends',
    enumerable: 'with-key',
    protects: 'The identifier or secret.',
    leaves:
      'Which rows have the same one. With `same-shape`: its length, its signs, and where letters and digits stand; a word of one or two characters can be guessed.',
    example: { parameters: { form: 'same-shape' }, value: 'Key-0001-xyz' },
  },
  parameters: z.strictObject({
    identity: identityParameter('value.token'),
    form: described(
      z._default(z.enum(['uuid', 'hex', 'same-shape']), 'uuid'),
      'A UUID, hexadecimal digits, or letters for letters and digits for digits at the same places.',
    ),
    length: described(z._default(z.int().check(z.minimum(8), z.maximum(128)), 32), 'With `form: hex`: so many digits.'),
    prefix: described(z._default(z.string(), ''), 'Stands before the token; not with `same-shape`.'),
    suffix: described(z._default(z.string(), ''), 'Stands behind the token; not with `same-shape`.'),
  }),
  create: ({ identity, form, length, prefix, suffix }, tools) => {
    const around = prefix.length + suffix.length;
    if (tools.target.type === 'uuid' && (form !== 'uuid' || around > 0)) refuse('"token" on a uuid column can only have the form uuid');
    if (form === 'same-shape') {
      if (around > 0) refuse('"token" of the form same-shape has no prefix or suffix');
      return { apply: sameShape(identity, tools), unique: true, longest: 'input', caseTells: true };
    }
    const draw = createDraw(tools.prf(`token-${form}/1`, identity, 'token'));
    const [before, after] = [prefix, suffix].map((part) => Buffer.from(part)) as [Buffer, Buffer];
    const make: Write = (value) => {
      draw.start(value, value.length);
      return form === 'uuid' ? uuid(draw) : hex(draw, length);
    };
    return {
      apply: (value) => (around === 0 ? make(value) : new Uint8Array(Buffer.concat([before, make(value), after]))),
      unique: form === 'uuid' || length >= uniqueHexLength,
      longest: (form === 'uuid' ? uuidLength : length) + around,
    };
  },
});

const hexDigits = new TextEncoder().encode('0123456789abcdef');

function hex(draw: { next(): number }, length: number): Uint8Array {
  const result = new Uint8Array(length);
  let bits = 0;
  for (let at = 0; at < length; at++) {
    bits = at % 8 === 0 ? draw.next() : bits >>> 4;
    result[at] = hexDigits[bits & 15] as number;
  }
  return result;
}

function uuid(draw: { next(): number }): Uint8Array {
  const plain = hex(draw, 32);
  plain[12] = 0x34; // version 4
  plain[16] = hexDigits[8 + ((plain[16] as number) & 3)] as number; // the variant of RFC 9562
  const result = new Uint8Array(uuidLength).fill(0x2d);
  for (let from = 0, to = 0; from < 32; from++, to++) {
    if (to === 8 || to === 13 || to === 18 || to === 23) to++;
    result[to] = plain[from] as number;
  }
  return result;
}

/** Letters and digits are permuted within their class; a value with other letters, or with none at all, becomes letters and digits. */
function sameShape(identity: string, tools: Tools): Write {
  const { maxLength = fallbackLength, unique } = tools.target;
  if (unique && maxLength < 10) refuse('"token" of the form same-shape needs room for 10 characters on a unique column');
  const permute = createPermutation(tools.prf('token-same-shape/1', identity, 'token'));
  const shapePrf = tools.prf('token-shape/1', identity, 'token');
  const shape = new Uint32Array(4);
  const draw = createDraw(tools.prf('token-fallback/1', identity, 'token'));
  const normalizer = createNormalizer();
  let word = new Uint8Array(64);
  let radices = new Uint8Array(64);
  const otherwise: Write = (value) => {
    const length = normalizer.exact(value);
    draw.start(normalizer.bytes, length);
    const result = new Uint8Array(Math.min(maxLength, fallbackLength));
    writeLetters(draw, result, 0, result.length);
    return result;
  };
  return (value) => {
    if (value.length === 0) return value;
    if (word.length < value.length) {
      word = new Uint8Array(2 * value.length);
      radices = new Uint8Array(2 * value.length);
    }
    let length = 0;
    for (let at = 0; at < value.length; at++) {
      const byte = value[at] as number;
      const first = firstOfClass(byte);
      if (first === 0) {
        if (byte >= 0x7f || byte < 0x20) return otherwise(value);
        continue;
      }
      radices[length] = first === 0x30 ? 10 : 26;
      word[length++] = byte - first;
    }
    if (length === 0) return otherwise(value);
    // Words of another shape are permuted on their own.
    shapePrf(radices, length, shape);
    permute(word, radices, length, shape[0] as number, shape[1] as number);
    const result = copyOf(value);
    for (let at = 0, from = 0; at < value.length; at++) {
      const first = firstOfClass(value[at] as number);
      if (first !== 0) result[at] = first + (word[from++] as number);
    }
    return result;
  };
}

/** The byte of 0, A or a for a digit or a letter, 0 for anything else. */
function firstOfClass(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return 0x30;
  if (byte >= 0x41 && byte <= 0x5a) return 0x41;
  return byte >= 0x61 && byte <= 0x7a ? 0x61 : 0;
}

export const hash = defineAnonymizer({
  name: 'hash',
  summary: 'A keyed hash, in hexadecimal digits or, in a binary column, as bytes: for keys that nobody reads but that must stay joinable.',
  types: ['text', 'binary'],
  facts: {
    charset: 'ascii',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'depends',
    enumerable: 'with-key',
    protects: 'The value.',
    leaves: 'Which rows have the same one.',
    example: { value: 'customer 4711' },
  },
  parameters: z.strictObject({
    identity: identityParameter('value.token'),
    length: described(
      z._default(z.int().check(z.minimum(16), z.maximum(128), z.multipleOf(2)), 32),
      'So many hexadecimal digits; half as many bytes.',
    ),
  }),
  create: ({ identity, length }, tools) => {
    const draw = createDraw(tools.prf('hash/1', identity, 'token'));
    const binary = tools.target.type === 'binary';
    return {
      unique: length >= uniqueHexLength,
      longest: binary ? length / 2 : length,
      apply: (value) => {
        draw.start(value, value.length);
        const digits = hex(draw, length);
        return binary ? new Uint8Array(Buffer.from(Buffer.from(digits).toString('latin1'), 'hex')) : digits;
      },
    };
  },
});
