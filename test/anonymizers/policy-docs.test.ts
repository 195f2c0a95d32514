import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { catalogue } from '../../anonymizers/index.ts';
import { catalogueDocument } from '../../scripts/catalogue-document.ts';

const written = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');

test('docs/policy.md agrees with the catalogue; "node scripts/policy-docs.ts" makes it so', () => {
  expect(catalogueDocument(written)).toBe(written);
});

test('every anonymizer stands in it', () => {
  for (const { name } of catalogue) expect(written).toContain(`\n### ${name}\n`);
});
