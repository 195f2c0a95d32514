import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter } from '../anonymizer.ts';
import { createCompanyLabels } from '../company-labels.ts';
import { createNormalizer } from '../normalize.ts';
import { copyOf, lettersPer80Bits, write80Bits, writeBytes } from '../pseudonym-bytes.ts';
import { reservedDomain } from '../reserved-domain.ts';

const encoder = new TextEncoder();
const domainParameter = described(z._default(reservedDomain, 'example.com'), 'A reserved domain, which nobody has.');
const parameters = z.strictObject({ identity: identityParameter('company.domain'), domain: domainParameter });

export const domain = defineAnonymizer({
  name: 'domain',
  summary: 'A name below a reserved domain in place of a domain; the same as in `email` of the form company, and in `url`.',
  types: ['text'],
  facts: {
    charset: 'ascii',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'yes',
    enumerable: 'with-key',
    protects: 'Whose domain it is.',
    leaves: 'Which rows have the same domain.',
    example: { value: 'acme.fr' },
  },
  parameters,
  create: ({ identity, domain: reserved }, tools) => {
    const labels = createCompanyLabels(tools, identity);
    const normalizer = createNormalizer();
    const suffix = encoder.encode(`.${reserved}`);
    const longest = labels.longest + suffix.length;
    const written = new Uint8Array(longest);
    return {
      unique: true,
      folds: 'signs',
      longest,
      apply: (value) => {
        const length = normalizer.folded(value);
        const end = writeBytes(suffix, written, labels.write(normalizer.bytes, 0, length, written, 0));
        return copyOf(written, 0, end);
      },
    };
  },
});

const schemes = ['https', 'http', 'ftp', 'wss', 'ws'];
const longestScheme = 5;
const urlPattern = /^\s*([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@]*@)?(\[[0-9a-f:.]*\]|[^/?#:@\s]+)/i;

export const url = defineAnonymizer({
  name: 'url',
  summary:
    'An address of the same scheme at the pseudonym of its host; path, query, user and port become one token. What is no http, https, ftp or ws URL becomes an https one.',
  types: ['text'],
  facts: {
    charset: 'ascii',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'yes',
    enumerable: 'with-key',
    protects: 'Host, path, and whatever name or secret stands in the query.',
    leaves: 'Which rows have the same URL, and the same host.',
    example: { value: 'https://www.acme.fr/people/marie?token=1234' },
  },
  parameters,
  create: ({ identity, domain: reserved }, tools) => {
    const labels = createCompanyLabels(tools, identity);
    const prf = tools.prf('url/1', identity, 'company');
    const normalizer = createNormalizer();
    const hosts = createNormalizer();
    const suffix = encoder.encode(`.${reserved}/`);
    const starts = new Map(schemes.map((scheme) => [scheme, encoder.encode(`${scheme}://`)]));
    const otherwise = encoder.encode('https://');
    const tag = new Uint32Array(4);
    const longest = longestScheme + 3 + labels.longest + suffix.length + lettersPer80Bits;
    const written = new Uint8Array(longest);
    return {
      unique: true,
      longest,
      apply: (value) => {
        const length = normalizer.exact(value);
        prf(normalizer.bytes, length, tag);
        const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
        const [, scheme = '', host = ''] = urlPattern.exec(text) ?? [];
        const hostLength = hosts.folded(encoder.encode(host.replace(/^www\./i, '')));
        let end = writeBytes(starts.get(scheme.toLowerCase()) ?? otherwise, written, 0);
        end = labels.write(hosts.bytes, 0, hostLength, written, end);
        end = writeBytes(suffix, written, end);
        return copyOf(written, 0, write80Bits(tag, written, end));
      },
    };
  },
});
