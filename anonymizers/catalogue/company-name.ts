import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter } from '../anonymizer.ts';
import { createNormalizer } from '../normalize.ts';
import { packWords, wordLength, writeWord } from '../packed-words.ts';
import { lettersPer80Bits, longestOf, write80Bits } from '../pseudonym-bytes.ts';
import { companyNouns } from '../words/company-nouns.ts';
import { companyTrades } from '../words/company-trades.ts';

const space = 0x20;
const nouns = packWords(companyNouns);
const trades = packWords(companyTrades);

export const companyName = defineAnonymizer({
  name: 'company-name',
  summary: 'A company name of two words and a token that makes it unique; `token: false` leaves the token and the uniqueness out.',
  types: ['text'],
  facts: {
    charset: 'latin1',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'depends',
    enumerable: 'with-key',
    protects: 'The name of the company.',
    leaves: 'Which rows name the same company.',
    example: { value: 'Acme SARL' },
  },
  parameters: z.strictObject({
    identity: identityParameter('company.name'),
    token: described(z._default(z.boolean(), true), 'Whether a token stands behind the words, which makes the name unique.'),
  }),
  create: ({ identity, token }, tools) => {
    const prf = tools.prf('company-name/1', identity, 'company');
    const normalizer = createNormalizer();
    const tag = new Uint32Array(4);
    const tokenLength = token ? 1 + lettersPer80Bits : 0;
    return {
      unique: token,
      folds: 'blanks',
      longest: longestOf(companyNouns) + 1 + longestOf(companyTrades) + tokenLength,
      apply: (value) => {
        const length = normalizer.folded(value);
        prf(normalizer.bytes, length, tag);
        const chooser = tag[3] as number;
        const noun = (chooser & 0xffff) % nouns.count;
        const trade = (chooser >>> 16) % trades.count;
        const result = new Uint8Array(wordLength(nouns, noun) + 1 + wordLength(trades, trade) + tokenLength);
        let end = writeWord(nouns, noun, result, 0);
        result[end++] = space;
        end = writeWord(trades, trade, result, end);
        if (token) {
          result[end++] = space;
          write80Bits(tag, result, end);
        }
        return result;
      },
    };
  },
});
