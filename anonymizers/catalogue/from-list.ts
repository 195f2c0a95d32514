import * as z from 'zod/mini';
import { defineAnonymizer, described, identityParameter, refuse, type Target } from '../anonymizer.ts';
import type { Value } from '../api.ts';
import { createDraw } from '../draw.ts';
import { checkLiteral } from '../literal-values.ts';
import { createNormalizer } from '../normalize.ts';

const encoder = new TextEncoder();
const listed = () => z.array(z.union([z.string(), z.number()])).check(z.minLength(1), z.maxLength(10_000));

/** The values as bytes, and the length of the longest in characters, or in bytes for a binary column. */
function readList(name: string, values: readonly (string | number)[], target: Target): { bytes: Uint8Array[]; longest: number } {
  const texts = values.map(String);
  for (const text of texts) checkLiteral(name, text, target);
  const bytes = texts.map((text) => encoder.encode(text));
  const longest = Math.max(...texts.map((text, at) => (target.type === 'binary' ? (bytes[at]?.length ?? 0) : [...text].length)));
  if (target.maxLength !== undefined && longest > target.maxLength) refuse(`"${name}" has a value without room in the column`);
  return { bytes, longest };
}

export const sample = defineAnonymizer({
  name: 'sample',
  summary:
    'One of the values of a list, the same for the same real value. A value that stands in the list more than once is taken more often.',
  types: ['text', 'integer', 'decimal', 'float', 'year', 'enum'],
  facts: {
    charset: 'utf8',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'no',
    enumerable: 'with-key',
    protects: 'The value.',
    leaves: 'How often a value occurs: the most frequent one stays the most frequent one, unless two meet.',
    example: { parameters: ['red', 'green', 'blue'], value: 'mauve' },
  },
  parameters: z.strictObject({ identity: identityParameter('value.token'), values: described(listed(), 'The values to choose from.') }),
  short: 'values',
  create: ({ identity, values }, tools) => {
    const prf = tools.prf('sample/1', identity, 'token');
    const { bytes, longest } = readList('sample', values, tools.target);
    const normalizer = createNormalizer();
    const tag = new Uint32Array(4);
    return {
      unique: false,
      longest,
      apply: (value) => {
        const length = normalizer.folded(value);
        prf(normalizer.bytes, length, tag);
        return bytes[(tag[0] as number) % bytes.length] as Uint8Array;
      },
    };
  },
});

export const shuffle = defineAnonymizer({
  name: 'shuffle',
  summary:
    'The value of another row: a window holds earlier values, each row takes a random one out and puts its own in. At first the window holds the values of `start`.',
  types: 'any',
  facts: {
    charset: 'input',
    length: 'input',
    nulls: 'kept',
    decidedBy: 'order',
    unique: 'no',
    enumerable: 'kept',
    protects: 'Which row a value belongs to, among about `window` rows.',
    leaves:
      'Every value itself: never for what names a person. The last `window` values are left out and those of `start` stand for them, so counts nearly stay. A row that is added changes the rows after it, so two snapshots share fewer chunks.',
    example: { parameters: { start: ['30', '40'] }, value: '52' },
  },
  parameters: z.strictObject({
    window: described(z._default(z.int().check(z.minimum(16), z.maximum(65_536)), 1024), 'So many values are held in memory.'),
    start: described(listed(), 'Values about nobody that the first rows get.'),
  }),
  create: ({ window, start }, tools) => {
    const { bytes } = readList('shuffle', start, tools.target);
    const draw = createDraw(tools.prf('shuffle/1', 'value.token', 'token'));
    const place = encoder.encode(tools.target.place);
    draw.start(place, place.length);
    const slots: Uint8Array[] = Array.from({ length: window }, (_, at) => bytes[at % bytes.length] as Uint8Array);
    return {
      unique: false,
      deterministic: false,
      longest: 'input',
      apply: (value): Value => {
        const slot = draw.below(window);
        const result = slots[slot] as Uint8Array;
        slots[slot] = Uint8Array.from(value);
        return result;
      },
    };
  },
});
