import { writeFileSync } from 'node:fs';
import { policyJsonSchema } from '../anonymizers/policy-json-schema.ts';

// After a change of the policy's grammar or of the catalogue; a test tells when the file is not what this writes.
writeFileSync(new URL('../docs/policy.schema.json', import.meta.url), `${JSON.stringify(policyJsonSchema(), undefined, 2)}\n`);
