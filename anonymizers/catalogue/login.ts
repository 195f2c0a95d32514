import * as z from 'zod/mini';
import { defineAnonymizer, identityParameter } from '../anonymizer.ts';
import { createNormalizer } from '../normalize.ts';
import { asciiWords, lettersPer80Bits, longestOf, write80Bits, writeBytes } from '../pseudonym-bytes.ts';
import { firstNames } from '../words/first-names.ts';

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
    const names = asciiWords(firstNames);
    const tag = new Uint32Array(4);
    return {
      unique: true,
      folds: 'blanks',
      longest: longestOf(names) + 1 + lettersPer80Bits,
      apply: (value) => {
        const length = normalizer.folded(value);
        prf(normalizer.bytes, length, tag);
        const name = names[(tag[3] as number) % names.length] as Uint8Array;
        const result = new Uint8Array(name.length + 1 + lettersPer80Bits);
        let end = writeBytes(name, result, 0);
        result[end++] = dot;
        write80Bits(tag, result, end);
        return result;
      },
    };
  },
});
