import * as z from 'zod/mini';
import { type Anonymizer, defineAnonymizer, described, identityParameter, type Made, type Tools } from '../anonymizer.ts';
import { createNormalizer } from '../normalize.ts';
import { createPersonPart } from '../person.ts';
import { longestOf, sameBytes } from '../pseudonym-bytes.ts';
import { firstNames } from '../words/first-names.ts';
import { lastNames } from '../words/last-names.ts';

type Naming = (value: Uint8Array) => Uint8Array;

/** Chooses a name of the list by the normalised real one; never the real one itself. */
function createNaming(words: readonly string[], algorithm: string, identity: string, tools: Tools): Naming {
  const prf = tools.prf(algorithm, identity, 'name');
  const normalizer = createNormalizer();
  const encoder = new TextEncoder();
  const written = words.map((word) => encoder.encode(word));
  const folded = written.map((word) => normalizer.bytes.slice(0, normalizer.folded(word)));
  const tag = new Uint32Array(4);
  return (value) => {
    const length = normalizer.folded(value);
    prf(normalizer.bytes, length, tag);
    let chosen = (tag[0] as number) % words.length;
    if (sameBytes(folded[chosen] as Uint8Array, normalizer.bytes, length)) chosen = (chosen + 1) % words.length;
    return written[chosen] as Uint8Array;
  };
}

const firstAlgorithm = 'first-name/1';
const lastAlgorithm = 'last-name/1';
const parameters = z.strictObject({
  identity: identityParameter('person.name'),
  of: described(z.optional(z.string()), 'A column with an e-mail address: the name becomes that of the fake person whose address it gets.'),
  of_identity: described(z._default(z.string(), 'person.email'), 'The identity of the addresses in that column.'),
});

function fromList(
  name: string,
  what: string,
  part: 'first' | 'last',
  words: readonly string[],
  algorithm: string,
  example: string,
): Anonymizer {
  return defineAnonymizer({
    name,
    summary: `A ${what} from a French and English list, the same for the same real one. Not unique.`,
    types: ['text'],
    facts: {
      charset: 'latin1',
      length: 'bounded',
      nulls: 'kept',
      decidedBy: 'value',
      unique: 'no',
      enumerable: 'with-key',
      protects: 'The name.',
      leaves: 'How often a name occurs: the most frequent one stays the most frequent one.',
      example: { value: example },
    },
    parameters,
    create: ({ identity, of, of_identity }, tools) => {
      const apply = createNaming(words, algorithm, identity, tools);
      if (of !== undefined) return createPersonPart(part, of, of_identity, tools, apply);
      return { apply, unique: false, longest: longestOf(words) };
    },
  });
}

export const firstName = fromList('first-name', 'first name', 'first', firstNames, firstAlgorithm, 'Marie');
export const lastName = fromList('last-name', 'last name', 'last', lastNames, lastAlgorithm, 'Dupont');

const space = 0x20;

export const fullName = defineAnonymizer({
  name: 'full-name',
  summary:
    'First and last name in one value: the first word goes the way of first-name, the rest that of last-name, so the parts agree with columns that hold them apart.',
  types: ['text'],
  facts: {
    charset: 'latin1',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'no',
    enumerable: 'with-key',
    protects: 'The name.',
    leaves: 'How often a name occurs: the most frequent one stays the most frequent one.',
    example: { value: 'Marie Dupont' },
  },
  parameters,
  create: ({ identity, of, of_identity }, tools) => {
    const first = createNaming(firstNames, firstAlgorithm, identity, tools);
    const last = createNaming(lastNames, lastAlgorithm, identity, tools);
    const whole: Made = {
      unique: false,
      longest: longestOf(firstNames) + 1 + longestOf(lastNames),
      apply: (value) => {
        let from = 0;
        while (value[from] === space) from++;
        const gap = value.indexOf(space, from);
        const firstPart = first(gap < 0 ? value : value.subarray(from, gap));
        const lastPart = last(gap < 0 ? value : value.subarray(gap));
        const result = new Uint8Array(firstPart.length + 1 + lastPart.length);
        result.set(firstPart);
        result[firstPart.length] = space;
        result.set(lastPart, firstPart.length + 1);
        return result;
      },
    };
    return of === undefined ? whole : createPersonPart('full', of, of_identity, tools, whole.apply);
  },
});
