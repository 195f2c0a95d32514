import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter } from '../anonymizer.ts';
import { createCompanyLabels } from '../company-labels.ts';
import { createNormalizer } from '../normalize.ts';
import { writeWord } from '../packed-words.ts';
import { addressTagOf, asciiFirstNames, asciiLastNames, emailAlgorithm, firstNameAt, lastNameAt } from '../person.ts';
import { copyOf, lettersPer80Bits, write80Bits, writeBytes } from '../pseudonym-bytes.ts';
import { reservedDomain } from '../reserved-domain.ts';

const dot = 0x2e;
const at = 0x40;

export const email = defineAnonymizer({
  name: 'email',
  summary: 'A valid address at a reserved domain, unique: the same address, in whatever case, always gives the same one.',
  types: ['text'],
  facts: {
    charset: 'ascii',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'yes',
    enumerable: 'with-key',
    protects: 'Name, mailbox and company; nobody can be written to by mistake.',
    leaves: 'Which rows have the same address, and how often. With `form: company`, which addresses are of one company.',
    example: { parameters: { form: 'company' }, value: 'Marie.Dupont@acme.fr' },
  },
  parameters: z.strictObject({
    identity: identityParameter('person.email'),
    domain: described(z._default(reservedDomain, 'example.com'), 'A reserved domain, which nobody has.'),
    form: described(
      z._default(z.enum(['plain', 'company']), 'plain'),
      '`company` puts a label before the domain that stands for the real domain, so that people of one company still have one.',
    ),
    companies: described(z._default(z.string(), 'company.domain'), 'With `form: company`: the identity of the real domains.'),
  }),
  create: ({ identity, domain, form, companies }, tools) => {
    const tagOf = addressTagOf(tools.prf(emailAlgorithm, identity, 'email'));
    const labels = form === 'company' ? createCompanyLabels(tools, companies) : undefined;
    const normalizer = createNormalizer();
    const domainBytes = new TextEncoder().encode(domain);
    const longest =
      asciiFirstNames.longest + asciiLastNames.longest + lettersPer80Bits + domain.length + 3 + (labels ? labels.longest + 1 : 0);
    const written = new Uint8Array(longest);
    return {
      unique: true,
      folds: 'blanks',
      longest,
      apply: (value) => {
        const tag = tagOf(value);
        let end = writeWord(asciiFirstNames, firstNameAt(tag), written, 0);
        written[end++] = dot;
        end = writeWord(asciiLastNames, lastNameAt(tag), written, end);
        written[end++] = dot;
        end = write80Bits(tag, written, end);
        written[end++] = at;
        if (labels) {
          const length = normalizer.folded(value);
          const { bytes } = normalizer;
          const from = length === 0 ? 0 : bytes.lastIndexOf(at, length - 1) + 1;
          end = labels.write(bytes, from, length, written, end);
          written[end++] = dot;
        }
        end = writeBytes(domainBytes, written, end);
        return copyOf(written, 0, end);
      },
    };
  },
});
