import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter } from '../anonymizer.ts';
import { createNormalizer } from '../normalize.ts';
import { lettersPer80Bits, longestOf, write80Bits, writeBytes } from '../pseudonym-bytes.ts';
import { companyNouns } from '../words/company-nouns.ts';
import { companyTrades } from '../words/company-trades.ts';

const space = 0x20;

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
    const encoder = new TextEncoder();
    const nouns = companyNouns.map((word) => encoder.encode(word));
    const trades = companyTrades.map((word) => encoder.encode(word));
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
        const noun = nouns[(chooser & 0xffff) % nouns.length] as Uint8Array;
        const trade = trades[(chooser >>> 16) % trades.length] as Uint8Array;
        const result = new Uint8Array(noun.length + 1 + trade.length + tokenLength);
        let end = writeBytes(noun, result, 0);
        result[end++] = space;
        end = writeBytes(trade, result, end);
        if (token) {
          result[end++] = space;
          write80Bits(tag, result, end);
        }
        return result;
      },
    };
  },
});
