import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogueDocument } from './catalogue-document.ts';
import { projectFolder } from './project-paths.ts';

// Writes the part of docs/policy.md that is made from the catalogue; `--check` only says whether it is as it should be.
const path = join(projectFolder, 'docs', 'policy.md');
const written = readFileSync(path, 'utf8');
const made = catalogueDocument(written);
if (process.argv.includes('--check')) {
  if (made !== written) {
    process.stderr.write('docs/policy.md does not agree with the catalogue; run "node scripts/policy-docs.ts".\n');
    process.exitCode = 1;
  }
} else writeFileSync(path, made);
