import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { errorResult, fileOf, publishedSchemas, resultSchemas } from '../../client/results/index.ts';
import { expectPublished } from '../support/published-schemas.ts';
import { runOnTerminal } from '../support/run-on-terminal.ts';

const folder = new URL('../../docs/schemas/', import.meta.url);

test('the published schemas are those of the commands; node scripts/write-result-schemas.ts writes them', () => {
  const published = publishedSchemas();
  expect(readdirSync(folder).sort()).toEqual(Object.keys(published).sort());
  for (const [file, schema] of Object.entries(published))
    expect(JSON.parse(readFileSync(new URL(file, folder), 'utf8')), file).toEqual(schema);
});

test('every command has one', async () => {
  const { stdout } = await runOnTerminal(['completion', 'bash'], { folder: '/', columns: undefined });
  const paths = [...stdout.matchAll(/^ {4}"([^"]+)"\) names=/gm)].map(([, path = '']) => path);
  // What has commands below it does nothing itself.
  const commands = paths.filter((path) => !paths.some((other) => other.startsWith(`${path} `)));
  expect(Object.keys(resultSchemas).sort()).toEqual(commands.sort());
});

test('they hold what is printed to its keys and types, and let keys of later versions pass', () => {
  const printed = { version: 1, project: 'shop', volumesRemoved: false };
  expectPublished('down', printed);
  for (const wrong of [
    { ...printed, version: 2 },
    { ...printed, project: 7 },
    { version: 1, project: 'shop' },
  ])
    expect(() => expectPublished('down', wrong)).toThrow();
  // A key that no schema tells of is a mistake here, and none for who reads what a later version prints.
  expect(() => expectPublished('down', { ...printed, more: 1 })).toThrow(/unrecognized_keys/);
  expect(JSON.parse(readFileSync(new URL(fileOf('down'), folder), 'utf8'))).not.toHaveProperty('additionalProperties');
  expect(errorResult.safeParse({ error: { code: 'USAGE', message: 'a', details: [], exitCode: 2 } }).success).toBe(true);
  expect(errorResult.safeParse({ error: { code: 'USAGE', message: 'a', details: [], exitCode: 0 } }).success).toBe(false);
});
