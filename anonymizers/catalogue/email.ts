import * as z from 'zod/mini';
import { defineAnonymizer, identityParameter } from '../anonymizer.ts';
import { createNormalizer } from '../normalize.ts';
import { asciiWords, lettersPer80Bits, longestOf, write80Bits, writeBytes } from '../pseudonym-bytes.ts';
import { firstNames } from '../words/first-names.ts';
import { lastNames } from '../words/last-names.ts';

// RFC 2606 and RFC 6761: no message can ever reach anybody there.
const reserved = /^(?:[a-z0-9-]+\.)*(?:example\.(?:com|net|org)|[a-z0-9-]+\.(?:test|example|invalid|localhost))$/;
const dot = 0x2e;
const at = 0x40;

export const email = defineAnonymizer({
  name: 'email',
  summary: 'A valid address at a reserved domain, unique: the same address, in whatever case, always gives the same one.',
  types: ['text'],
  parameters: z.strictObject({
    identity: identityParameter('person.email'),
    domain: z._default(
      z.string().check(z.regex(reserved, 'a reserved domain expected, such as example.com or something.test')),
      'example.com',
    ),
  }),
  create: ({ identity, domain }, tools) => {
    const prf = tools.prf('email/1', identity, 'email');
    const normalizer = createNormalizer();
    const firsts = asciiWords(firstNames);
    const lasts = asciiWords(lastNames);
    const domainBytes = new TextEncoder().encode(domain);
    const tag = new Uint32Array(4);
    return {
      unique: true,
      longest: longestOf(firsts) + longestOf(lasts) + lettersPer80Bits + domain.length + 3,
      apply: (value) => {
        const length = normalizer.folded(value);
        prf(normalizer.bytes, length, tag);
        const chooser = tag[3] as number;
        const first = firsts[(chooser & 0xffff) % firsts.length] as Uint8Array;
        const last = lasts[(chooser >>> 16) % lasts.length] as Uint8Array;
        const result = new Uint8Array(first.length + last.length + lettersPer80Bits + domainBytes.length + 3);
        let end = writeBytes(first, result, 0);
        result[end++] = dot;
        end = writeBytes(last, result, end);
        result[end++] = dot;
        end = write80Bits(tag, result, end);
        result[end++] = at;
        writeBytes(domainBytes, result, end);
        return result;
      },
    };
  },
});
