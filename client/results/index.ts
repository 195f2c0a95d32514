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

const eventCommon = { version: z.literal(1), at: z.iso.datetime() };
/** A line on standard error with --events. */
export const eventResult = z.discriminatedUnion('event', [
  z.strictObject({ ...eventCommon, event: z.literal('note'), text: z.string() }),
  z.strictObject({
    ...eventCommon,
    event: z.literal('progress'),
    service: z.string(),
    doneBytes: z.int(),
    totalBytes: z.int(),
    bytesPerSecond: z.int(),
    doneRows: z.int(),
    totalRows: z.int(),
  }),
]);

/** The published documents by their file names: JSON Schema, which lets keys of later versions pass. */
export function publishedSchemas(): Readonly<Record<string, object>> {
  const all = { ...resultSchemas, error: errorResult, event: eventResult };
  return Object.fromEntries(
    Object.entries(all).map(([name, schema]) => {
      const title = titles[name] ?? `dyn-data ${name} --json`;
      const { $schema, ...rest } = z.toJSONSchema(schema, {
        override: ({ jsonSchema }) => {
          if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
        },
      });
      return [fileOf(name), { $schema, title, ...rest }];
    }),
  );
}

const titles: Readonly<Record<string, string>> = {
  error: 'dyn-data COMMAND --json, on standard error',
  event: 'a line of dyn-data COMMAND --events, on standard error',
};

/** `snapshot create` is in `snapshot-create.json`. */
export const fileOf = (command: string): string => `${command.replaceAll(' ', '-')}.json`;
