import * as z from 'zod/mini';
import { defineAnonymizer, described, refuse, type Target } from '../anonymizer.ts';
import { checkLiteral } from '../literal-values.ts';

export const keep = defineAnonymizer({
  name: 'keep',
  summary: 'Leaves the value as it is. For what is about nobody.',
  types: 'any',
  facts: {
    charset: 'input',
    length: 'input',
    nulls: 'kept',
    decidedBy: 'value',
    unique: 'yes',
    enumerable: 'kept',
    protects: 'Nothing; it says in writing that the value is about nobody.',
    leaves: 'The value as it is.',
    example: { value: 'fr_FR' },
  },
  parameters: z.strictObject({}),
  create: () => ({ apply: (value) => value, unique: true, longest: 'input', keeps: true }),
});

export const nothing = defineAnonymizer({
  name: 'null',
  summary: 'Replaces every value by NULL.',
  types: 'any',
  facts: {
    charset: 'ascii',
    length: 'input',
    nulls: 'made',
    decidedBy: 'nothing',
    unique: 'yes',
    enumerable: 'no',
    protects: 'Everything that the value said.',
    leaves: 'Whether the value was NULL before cannot be told, nor anything else.',
    example: { value: 'anything' },
  },
  parameters: z.strictObject({}),
  create: (_, { target }) => {
    if (!target.nullable) refuse('"null" cannot stand on a column that is NOT NULL; take "constant" or another anonymizer');
    // A unique key lets any number of NULLs stand.
    return { apply: () => null, unique: true, longest: 'input', makesNull: 'every' };
  },
});

export const constant = defineAnonymizer({
  name: 'constant',
  summary: 'Replaces every value that is not NULL by one and the same.',
  types: 'any',
  facts: {
    charset: 'utf8',
    length: 'bounded',
    nulls: 'kept',
    decidedBy: 'nothing',
    unique: 'no',
    enumerable: 'no',
    protects: 'Everything that the value said.',
    leaves: 'Whether there was a value.',
    example: { parameters: 'none', value: 'anything' },
  },
  parameters: z.strictObject({
    value: described(z.union([z.string(), z.number(), z.boolean()]), 'What every value becomes.'),
    encoding: described(
      z._default(z.enum(['text', 'base64']), 'text'),
      'How `value` writes the bytes: as they are, or in base64 for binary columns.',
    ),
  }),
  short: 'value',
  create: ({ value, encoding }, { target }) => {
    const text = spell(value, target);
    if (encoding === 'text') checkLiteral('constant', text, target);
    // Bytes of the server's own form are whoever writes them to answer for.
    else if (target.type !== 'binary' && target.type !== 'other') refuse('"constant" in base64 is for binary columns');
    const bytes = new Uint8Array(Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8'));
    return { apply: () => bytes, unique: false, longest: target.type === 'binary' ? bytes.length : [...text].length };
  },
});

function spell(value: string | number | boolean, { type, sourceKind }: Target): string {
  if (typeof value !== 'boolean') return String(value);
  // Booleans are t and f to PostgreSQL's COPY, 1 and 0 to MySQL.
  if (type === 'boolean' && sourceKind === 'postgres') return value ? 't' : 'f';
  return type === 'text' || type === 'json' || sourceKind === 'ldap' ? String(value) : value ? '1' : '0';
}
