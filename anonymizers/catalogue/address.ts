import * as z from 'zod/mini';
import { defineAnonymizer, described, type Facts, identityParameter, type Made, refuse, type Tools } from '../anonymizer.ts';
import { remainder } from '../draw.ts';
import { createNormalizer } from '../normalize.ts';
import { createPermutation } from '../permutation.ts';
import { copyOf, longestOf } from '../pseudonym-bytes.ts';
import { englishStreetTypes, frenchStreetTypes, streetNames } from '../words/streets.ts';
import { englishTowns, frenchTowns } from '../words/towns.ts';

const encoder = new TextEncoder();
const english = new Set(['GB', 'US', 'CA', 'AU', 'NZ', 'IE', 'ZA', 'SG', 'IN', 'NG', 'KE']);
const languageParameter = described(
  z.optional(z.enum(['fr', 'en'])),
  "Of the words; left out, that of the policy's country (English where it is spoken there, French elsewhere).",
);

function languageOf(chosen: 'fr' | 'en' | undefined, tools: Tools): 'fr' | 'en' {
  return chosen ?? (english.has(tools.country.iso) ? 'en' : 'fr');
}

const facts: Omit<Facts, 'protects' | 'leaves' | 'example'> = {
  charset: 'latin1',
  length: 'bounded',
  nulls: 'kept',
  decidedBy: 'value',
  unique: 'no',
  enumerable: 'with-key',
};

function places(algorithm: string, identity: string, tools: Tools, count: number, write: (number: number) => string): Made {
  const prf = tools.prf(algorithm, identity, 'token');
  const normalizer = createNormalizer();
  const tag = new Uint32Array(4);
  const made = Array.from({ length: count }, (_, number) => write(number));
  const bytes = made.map((text) => encoder.encode(text));
  return {
    unique: false,
    longest: longestOf(made),
    apply: (value) => {
      const length = normalizer.folded(value);
      prf(normalizer.bytes, length, tag);
      return bytes[remainder(tag[0] as number, count)] as Uint8Array;
    },
  };
}

const highestNumber = 30;

export const street = defineAnonymizer({
  name: 'street',
  summary: 'A house number and a street named after a tree, a flower or a bird.',
  types: ['text'],
  facts: {
    ...facts,
    protects: 'Street and house.',
    leaves: 'Which rows have the same street line.',
    example: { value: '10 Downing Street' },
  },
  parameters: z.strictObject({ identity: identityParameter('value.token'), language: languageParameter }),
  create: ({ identity, language }, tools) => {
    const isFrench = languageOf(language, tools) === 'fr';
    const types = isFrench ? frenchStreetTypes : englishStreetTypes;
    return places('street/1', identity, tools, highestNumber * types.length * streetNames.length, (number) => {
      const house = 1 + (number % highestNumber);
      const rest = Math.floor(number / highestNumber);
      const type = types[rest % types.length] as string;
      const name = streetNames[Math.floor(rest / types.length)] as string;
      return isFrench ? `${house} ${type} ${name}` : `${house} ${name} ${type}`;
    });
  },
});

export const city = defineAnonymizer({
  name: 'city',
  summary: 'A town that does not exist.',
  types: ['text'],
  facts: {
    ...facts,
    protects: 'The town.',
    leaves: 'How often a town occurs: the largest one stays the largest one. About 340 results for all towns.',
    example: { value: 'Lyon' },
  },
  parameters: z.strictObject({ identity: identityParameter('value.token'), language: languageParameter }),
  create: ({ identity, language }, tools) => {
    const { beginnings, endings } = languageOf(language, tools) === 'fr' ? frenchTowns : englishTowns;
    return places(
      'city/1',
      identity,
      tools,
      beginnings.length * endings.length,
      (number) => `${beginnings[number % beginnings.length]}${endings[Math.floor(number / beginnings.length)]}`,
    );
  },
});

const fallbackLength = 5;

export const postalCode = defineAnonymizer({
  name: 'postal-code',
  summary:
    'A postal code of the same shape: digits stay digits, letters letters, blanks and dashes where they are, by a keyed permutation. Codes of digits never begin with 00. What has other characters becomes five digits that begin with 00.',
  types: ['text'],
  facts: {
    ...facts,
    charset: 'ascii',
    length: 'form',
    unique: 'no',
    enumerable: 'partly',
    protects: 'The place.',
    leaves:
      'The shape, and with it often the country; which rows have the same code; with `keep`, the region. There are so few codes that how often each occurs tells much.',
    example: { parameters: { keep: 2 }, value: '69007' },
  },
  parameters: z.strictObject({
    identity: identityParameter('address.postal-code'),
    keep: described(
      z._default(z.int().check(z.minimum(0), z.maximum(3)), 0),
      'So many letters and digits at the beginning stay: the region.',
    ),
  }),
  create: ({ identity, keep }, tools) => {
    if ((tools.target.maxLength ?? fallbackLength) < fallbackLength) refuse(`"postal-code" needs room for ${fallbackLength} characters`);
    const permute = createPermutation(tools.prf('postal-code/1', identity, 'token'));
    const fallback = tools.prf('postal-code-fallback/1', identity, 'token');
    const normalizer = createNormalizer();
    const tag = new Uint32Array(4);
    const word = new Uint8Array(longestCode);
    const radices = new Uint8Array(longestCode);
    const otherwise = (value: Uint8Array): Uint8Array => {
      const length = normalizer.folded(value);
      fallback(normalizer.bytes, length, tag);
      return encoder.encode(String((tag[0] as number) % 1000).padStart(fallbackLength, '0'));
    };
    return {
      unique: false,
      longest: 'input',
      apply: (value) => {
        const length = readCode(value, word, radices);
        if (length <= keep) return otherwise(value);
        // The kept characters and the shape are the tweak: codes of one region stay apart from each other.
        let shape = length;
        let kept = 0;
        for (let at = 0; at < length; at++) {
          shape = (shape << 1) | (radices[at] === 10 ? 0 : 1);
          if (at < keep) kept = kept * 36 + (word[at] as number);
        }
        const changed = word.subarray(keep, length);
        const before = changed.slice();
        const started = word[0] === 0 && word[1] === 0 && radices[0] === 10;
        if (started) return otherwise(value);
        do permute(changed, radices.subarray(keep, length), length - keep, kept, shape);
        while (word[0] === 0 && word[1] === 0 && radices[0] === 10 && keep < 2);
        // One code in so many would stay itself; it takes the place of its neighbour.
        if (changed.every((digit, at) => digit === before[at])) {
          changed[changed.length - 1] = ((changed.at(-1) ?? 0) + 1) % (radices[length - 1] as number);
        }
        const result = copyOf(value);
        for (let at = 0, from = 0; at < result.length; at++) {
          const byte = result[at] as number;
          if (byte === 0x20 || byte === 0x2d) continue;
          const digit = word[from] as number;
          result[at] = radices[from++] === 10 ? 0x30 + digit : 0x41 + digit;
        }
        return result;
      },
    };
  },
});

const longestCode = 12;

/** Letters and digits of a code as digits and their radices; 0 for what has other characters or is too long. */
function readCode(value: Uint8Array, word: Uint8Array, radices: Uint8Array): number {
  let length = 0;
  for (const byte of value) {
    if (byte === 0x20 || byte === 0x2d) continue;
    if (length === longestCode) return 0;
    const folded = byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
    const isDigit = folded >= 0x30 && folded <= 0x39;
    if (!isDigit && (folded < 0x41 || folded > 0x5a)) return 0;
    radices[length] = isDigit ? 10 : 26;
    word[length++] = folded - (isDigit ? 0x30 : 0x41);
  }
  return length;
}
