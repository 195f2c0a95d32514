import * as z from 'zod/mini';
import { catalogue } from './catalogue/index.ts';
import { policySchema, ruleSchema } from './policy.ts';

type JsonSchema = Record<string, unknown>;

/** The form of a policy file, as JSON Schema (draft 2020-12) for editors. What a rule may hold comes from the catalogue. */
export function policyJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(policySchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === (ruleSchema as unknown)) jsonSchema.$ref = '#/$defs/rule';
    },
  });
  return { ...schema, title: 'dyn-data policy, version 1', $defs: { rule: rule() } };
}

/** A rule: an anonymizer's name, or an object with that name and its parameters. */
function rule(): JsonSchema {
  const given = Object.fromEntries(
    catalogue.map(({ name, summary, parameters, short }) => [name, parametersOf(summary, parameters, short)]),
  );
  const branches = Object.fromEntries(['then', 'else'].map((name) => [name, { $ref: '#/$defs/rule' }]));
  return {
    anyOf: [
      { type: 'null', description: 'Replaces every value by NULL.' },
      { enum: [...catalogue.map(({ name }) => name), 'dn'] },
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
            properties: { column: { type: 'string' }, is: {}, ...branches, sensitive: { type: 'boolean' } },
          },
        },
      },
    ],
  };
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
  schema.properties = { ...properties, sensitive: { type: 'boolean', description: 'The leak scan looks for the real values everywhere.' } };
  return { description: summary, anyOf: [schema, { type: 'null' }, ...(short === undefined ? [] : [properties?.[short] ?? {}])] };
}
