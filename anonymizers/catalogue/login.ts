import * as z from 'zod/mini';
import { defineAnonymizer, identityParameter } from '../anonymizer.ts';
import { remainder } from '../draw.ts';
import { createNormalizer } from '../normalize.ts';
import { wordLength, writeWord } from '../packed-words.ts';
import { asciiFirstNames } from '../person.ts';
import { lettersPer80Bits, write80Bits } from '../pseudonym-bytes.ts';

const dot = 0x2e;

export const login = defineAnonymizer({
  name: 'login',
  summary: 'A unique login of lower-case letters, digits and one dot.',
  types: ['text'],
  facts: {
    charset: 'ascii',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'yes',
    enumerable: 'with-key',
    protects: 'The login and the name in it.',
    leaves: 'Which rows have the same login.',
    example: { value: 'mdupont' },
  },
  parameters: z.strictObject({ identity: identityParameter('person.login') }),
  create: ({ identity }, tools) => {
    const prf = tools.prf('login/1', identity, 'login');
    const normalizer = createNormalizer();
    const tag = new Uint32Array(4);
    return {
      unique: true,
      folds: 'blanks',
      longest: asciiFirstNames.longest + 1 + lettersPer80Bits,
      apply: (value) => {
        const length = normalizer.folded(value);
        prf(normalizer.bytes, length, tag);
        const name = remainder(tag[3] as number, asciiFirstNames.count);
        const result = new Uint8Array(wordLength(asciiFirstNames, name) + 1 + lettersPer80Bits);
        let end = writeWord(asciiFirstNames, name, result, 0);
        result[end++] = dot;
        write80Bits(tag, result, end);
        return result;
      },
    };
  },
});
