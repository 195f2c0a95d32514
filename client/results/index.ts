import * as z from 'zod/mini';
import { type ErrorCode, errorKinds } from '../../core/errors.ts';
import { diffResult, lsResult, showResult } from './looking.ts';
import { operatorResults } from './operators.ts';
import { stackResults } from './stack.ts';

/**
 * What each command prints on standard output with --json, by the command's name. No part of the program: docs/schemas is written from it
 * (scripts/write-result-schemas.ts), and tests hold the commands to it.
 */
export const resultSchemas: Readonly<Record<string, z.ZodMiniType>> = {
  ls: lsResult,
  'snapshot list': lsResult,
  show: showResult,
  diff: diffResult,
  ...stackResults,
  ...operatorResults,
};

/** What every command prints on standard error with --json, where it fails. */
export const errorResult = z.strictObject({
  error: z.strictObject({
    code: z.enum(Object.keys(errorKinds) as ErrorCode[]),
    message: z.string(),
    details: z.array(z.string()),
    exitCode: z.int().check(z.minimum(1), z.maximum(7)),
  }),
});

/** The published documents by their file names: JSON Schema, which lets keys of later versions pass. */
export function publishedSchemas(): Readonly<Record<string, object>> {
  const all = { ...resultSchemas, error: errorResult };
  return Object.fromEntries(
    Object.entries(all).map(([name, schema]) => {
      const title = name === 'error' ? 'dyn-data COMMAND --json, on standard error' : `dyn-data ${name} --json`;
      const { $schema, ...rest } = z.toJSONSchema(schema, {
        override: ({ jsonSchema }) => {
          if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
        },
      });
      return [fileOf(name), { $schema, title, ...rest }];
    }),
  );
}

/** `snapshot create` is in `snapshot-create.json`. */
export const fileOf = (command: string): string => `${command.replaceAll(' ', '-')}.json`;
