import * as z from 'zod/mini';
import { type Anonymizer, defineAnonymizer, described, identityParameter, type Made, type Tools } from '../anonymizer.ts';
import { remainder } from '../draw.ts';
import { createNormalizer } from '../normalize.ts';
import { createPersonPart } from '../person.ts';
import type { Identify } from '../prose/known-identities.ts';
import { longestOf, sameBytes } from '../pseudonym-bytes.ts';
import { firstNames } from '../words/first-names.ts';
import { lastNames } from '../words/last-names.ts';

type Naming = {
  /** The place in the list of the name that stands for a real one. */
  placeOf(value: Uint8Array): number;
  nameOf(value: Uint8Array): Uint8Array;
};

/** Chooses a name of the list by the normalised real one; never the real one itself. */
function createNaming(words: readonly string[], algorithm: string, identity: string, tools: Tools): Naming {
  const prf = tools.prf(algorithm, identity, 'name');
  const normalizer = createNormalizer();
  const encoder = new TextEncoder();
  const written = words.map((word) => encoder.encode(word));
  const folded = written.map((word) => normalizer.bytes.slice(0, normalizer.folded(word)));
  const tag = new Uint32Array(4);
  const placeOf = (value: Uint8Array): number => {
    const length = normalizer.folded(value);
    prf(normalizer.bytes, length, tag);
    const chosen = remainder(tag[0] as number, words.length);
    return sameBytes(folded[chosen] as Uint8Array, normalizer.bytes, length) ? (chosen + 1) % words.length : chosen;
  };
  return { placeOf, nameOf: (value) => written[placeOf(value)] as Uint8Array };
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
      const { nameOf, placeOf } = createNaming(words, algorithm, identity, tools);
      const named: Made & { identify: Identify } = {
        apply: nameOf,
        unique: false,
        longest: longestOf(words),
        identify: (value, _row, sink) => {
          const place = placeOf(value);
          sink.name(part, value, place, place, of, false);
        },
      };
      return of === undefined ? named : createPersonPart(part, of, of_identity, tools, named);
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
    const partsOf = (value: Uint8Array): readonly [Uint8Array, Uint8Array] => {
      let from = 0;
      while (value[from] === space) from++;
      const gap = value.indexOf(space, from);
      return gap < 0 ? [value, value] : [value.subarray(from, gap), value.subarray(gap)];
    };
    const whole: Made & { identify: Identify } = {
      unique: false,
      longest: longestOf(firstNames) + 1 + longestOf(lastNames),
      identify: (value, _row, sink) => {
        const [firstPart, lastPart] = partsOf(value);
        sink.name('full', value, first.placeOf(firstPart), last.placeOf(lastPart), of, false);
      },
      apply: (value) => {
        const parts = partsOf(value);
        const firstPart = first.nameOf(parts[0]);
        const lastPart = last.nameOf(parts[1]);
        const result = new Uint8Array(firstPart.length + 1 + lastPart.length);
        result.set(firstPart);
        result[firstPart.length] = space;
        result.set(lastPart, firstPart.length + 1);
        return result;
      },
    };
    return of === undefined ? whole : createPersonPart('full', of, of_identity, tools, whole);
  },
});
