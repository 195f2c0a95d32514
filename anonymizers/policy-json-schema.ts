import * as z from 'zod/mini';
import { catalogue } from './catalogue/index.ts';
import { phoneCountries } from './phone-countries.ts';
import { countrySchema, includeSchema, policySchema, ruleSchema } from './policy.ts';
import { readReadyMade } from './ready-made.ts';

type JsonSchema = Record<string, unknown>;

/** The form of a policy file, as JSON Schema (draft 2020-12) for editors. What a rule may hold comes from the catalogue. */
export function policyJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(policySchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === (ruleSchema as unknown)) jsonSchema.$ref = '#/$defs/rule';
      // What is checked only where it is used, an editor can know beforehand.
      if (zodSchema === (includeSchema as unknown)) jsonSchema.items = { enum: [...readReadyMade('').names] };
      if (zodSchema === (countrySchema as unknown)) jsonSchema.enum = phoneCountries.map(({ iso }) => iso);
    },
  });
  return { ...schema, $id: 'urn:dyn-data:policy:1', title: 'dyn-data policy, version 1', $defs: { rule: rule() } };
}

/** A rule: an anonymizer's name, or an object with that name and its parameters. */
function rule(): JsonSchema {
  const given = Object.fromEntries(
    catalogue.map(({ name, summary, parameters, short }) => [name, parametersOf(summary, parameters, short)]),
  );
  const branches = Object.fromEntries(['then', 'else'].map((name) => [name, { $ref: '#/$defs/rule' }]));
  const alone = catalogue.filter(({ parameters }) => needsNothing(parameters)).map(({ name }) => name);
  const scalar = { type: ['string', 'number', 'boolean', 'null'] };
  return {
    anyOf: [
      { type: 'null', description: 'Replaces every value by NULL.' },
      { enum: [...alone, 'dn'] },
      {
        type: 'object',
        minProperties: 1,
        maxProperties: 1,
        additionalProperties: false,
        properties: {
          ...given,
          dn: { description: 'LDAP: the value is a DN and is rewritten as one.' },
          same_as: { type: 'string', description: 'The rule of another column: users.email, "mysql users.email", "ldap mail".' },
          when: {
            type: 'object',
            description: 'One of two rules, by the real value of another column.',
            additionalProperties: false,
            required: ['column', 'is', 'then', 'else'],
            properties: {
              column: { type: 'string', description: 'The column or attribute that decides.' },
              is: {
                description: 'Values of it, as the server writes them, for which "then" is taken; null for NULL.',
                anyOf: [scalar, { type: 'array', items: scalar }],
              },
              ...branches,
              sensitive,
            },
          },
        },
      },
    ],
  };
}

const sensitive = { type: 'boolean', description: 'The leak scan looks for the real values everywhere.' };

/** Whether an anonymizer may be named without parameters. */
function needsNothing(parameters: z.ZodMiniType): boolean {
  return parameters.safeParse({}).success;
}

function parametersOf(summary: string, parameters: z.ZodMiniType, short: string | undefined): JsonSchema {
  const { $schema: _version, ...schema } = z.toJSONSchema(parameters, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === (ruleSchema as unknown)) jsonSchema.$ref = '#/$defs/rule';
    },
  }) as JsonSchema;
  const properties = schema.properties as Record<string, unknown> | undefined;
  // Any rule may say so, for the leak scan.
  schema.properties = { ...properties, sensitive };
  return {
    description: summary,
    anyOf: [schema, ...(needsNothing(parameters) ? [{ type: 'null' }] : []), ...(short === undefined ? [] : [properties?.[short] ?? {}])],
  };
}
