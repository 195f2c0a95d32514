// Starts the registry in an image: main.ts with the settings of process-settings.json, in this very process, so that whoever signals it or
// asks for its exit status deals with the registry. `npm run registry` has the same settings from scripts/with-project-node.mjs.
//
// nodeOptions: a build makes much that is short-lived, and a larger young generation would only grow with it. What outlives that one is mostly
// garbage too, and would by default be left until there is several times as much of it as of what is in use.
// environment: glibc's allocator would keep what chunks and network buffers once took, in an arena for each thread. What a compressor takes,
// some megabytes for each chunk, is kept: given back and taken anew, touching its pages costs several times what the compressing does.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const settings = JSON.parse(readFileSync(join(import.meta.dirname, 'process-settings.json'), 'utf8'));
const main = join(import.meta.dirname, 'main.ts');
process.execve(process.execPath, [process.execPath, ...settings.nodeOptions, main, ...process.argv.slice(2)], {
  ...settings.environment,
  ...process.env,
});
