import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import * as z from 'zod';
import { errorResult, fileOf, resultSchemas } from '../../client/results/index.ts';

type Schema = Parameters<typeof z.fromJSONSchema>[0];
const read = new Map<string, z.ZodType>();

function published(name: string): z.ZodType {
  const file = new URL(`../../docs/schemas/${fileOf(name)}`, import.meta.url);
  const schema = read.get(name) ?? z.fromJSONSchema(JSON.parse(readFileSync(file, 'utf8')) as Schema);
  read.set(name, schema);
  return schema;
}

/** What a command printed is as its published schema says, and has no key that the schema is silent about. */
export function expectPublished(command: string, printed: unknown): void {
  expect(published(command).safeParse(printed).error?.issues ?? [], command).toEqual([]);
  const strict = command === 'error' ? errorResult : resultSchemas[command];
  expect(strict?.safeParse(printed).error?.issues, command).toBeUndefined();
}
