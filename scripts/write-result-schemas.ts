import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { publishedSchemas } from '../client/results/index.ts';

// After a change of what a command prints with --json; a test tells when the files are not what this writes.
const folder = new URL('../docs/schemas/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const file of readdirSync(folder)) rmSync(new URL(file, folder));
for (const [file, schema] of Object.entries(publishedSchemas()))
  writeFileSync(new URL(file, folder), `${JSON.stringify(schema, undefined, 2)}\n`);
